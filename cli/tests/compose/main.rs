//! Holds `docker-compose.yml`, the `Dockerfile` and what is beside them to the versions that are pinned and to the
//! program's own list of options: they cannot be run everywhere.

mod file;
mod image;
mod load_balancer;
mod scripts;

use std::{collections::BTreeSet, net::SocketAddr};

use quittance_cli::{options, parse, subcommands};
use rstest::rstest;

use self::file::{Compose, IMAGE, interpolate, path, required_names, text, variables};

#[rstest]
#[case("kafka", "apache/kafka", "KAFKA_VERSION")]
#[case("registry", "apicurio/apicurio-registry-sql", "APICURIO_VERSION")]
#[case("registry-postgres", "postgres", "POSTGRES_VERSION")]
#[case("postgres", "postgres", "POSTGRES_VERSION")]
#[case("redis", "redis", "REDIS_VERSION")]
fn servers_have_the_pinned_versions(#[case] service: &str, #[case] image: &str, #[case] variable: &str) {
    let compose = Compose::read();
    let (name, tag) = compose.service(service).image.split_once(':').expect("a tag");
    let version = &variables(&text("dev/versions.env"))[variable];
    assert_eq!(name, image);
    // What may follow is the distribution inside.
    assert!(tag == version || tag.starts_with(&format!("{version}-")), "{tag} is not {version}");
}

#[test]
fn every_image_is_ours_or_has_a_version() {
    for (name, service) in Compose::read().services {
        let tag = service.image.split_once(':').map_or("", |(_, tag)| tag);
        let is_ours = service.image == IMAGE && service.pull_policy.as_deref() == Some("never");
        assert!(is_ours || tag.starts_with(|c: char| c.is_ascii_digit()), "{name}: {}", service.image);
        assert!(is_ours || service.build.is_none(), "{name}");
    }
}

#[test]
fn everything_that_the_program_can_do_runs() {
    let compose = Compose::read();
    let run: BTreeSet<_> = compose.programs().into_iter().map(|(_, _, subcommand, _)| subcommand).collect();
    // Reading a topic and looking after dead letters is what an operator does by hand.
    let by_hand = |subcommand: &String| subcommand == "topics read" || subcommand.starts_with("dead-letters ");
    let all: BTreeSet<_> = subcommands().into_iter().filter(|subcommand| !by_hand(subcommand)).collect();
    assert_eq!(run, all);
    assert_eq!(compose.service("ingest").deploy.as_ref().map(|deploy| deploy.replicas), Some(2));
    let built = compose.services.values().filter(|service| service.build.is_some()).count();
    assert_eq!(built, 1, "more than one would build the same image at the same time");
}

#[test]
fn every_variable_is_an_option_of_its_subcommand() {
    let options = options();
    for (name, service, subcommand, _) in Compose::read().programs() {
        for variable in service.environment.keys() {
            let option = options.get(variable).unwrap_or_else(|| panic!("{name}: there is no option {variable}"));
            assert!(option.belongs_to(&subcommand), "{name}: {variable} is none of {subcommand}'s");
        }
    }
}

#[test]
fn every_server_that_a_subcommand_asks_is_told() {
    let options = options();
    let servers = ["KAFKA_BROKERS", "SCHEMA_REGISTRY_URL", "POSTGRES_URL", "POSTGRES_READER_URL", "REDIS_URL"];
    let servers = servers.map(|server| format!("QUITTANCE_{server}"));
    for (name, service, subcommand, rest) in Compose::read().programs() {
        for option in options.values().filter(|option| option.belongs_to(&subcommand)) {
            let is_told = service.environment.contains_key(&option.variable) || rest.contains(&option.flag);
            let must_be_told = option.required || servers.contains(&option.variable);
            assert!(is_told || !must_be_told, "{name} lacks {}", option.variable);
        }
    }
}

#[test]
fn every_command_line_is_accepted() {
    let options = options();
    let secrets = scripts::new_env();
    for (name, service, subcommand, rest) in Compose::read().programs() {
        let given = service.environment.iter().map(|(variable, value)| {
            let flag = &options[variable].flag;
            // It is there in the image, and not here.
            let value = if variable == "QUITTANCE_DATA_DIR" { "." } else { &*interpolate(value, &secrets) };
            format!("{flag}={value}")
        });
        let line = ["quittance"].into_iter().chain(subcommand.split(' ')).map(str::to_owned).chain(rest).chain(given);
        let accepted = parse(line.map(Into::into));
        assert!(accepted.is_ok(), "{name}: {:?}", accepted.err());
    }
}

#[test]
fn a_data_directory_is_a_volume_that_belongs_to_the_program() {
    let compose = Compose::read();
    let mut count = 0;
    for (name, service) in &compose.services {
        let Some(dir) = service.environment.get("QUITTANCE_DATA_DIR") else { continue };
        let volume = service.volumes.iter().find_map(|volume| volume.strip_suffix(&format!(":{dir}")));
        let volume = volume.unwrap_or_else(|| panic!("{name} has no volume at {dir}"));
        assert!(compose.volumes.contains_key(volume), "{name}: {volume} is not declared");
        assert!(text("Dockerfile").contains(&format!("--owner=10001 --group=10001 {dir}\n")), "the image lacks {dir}");
        count += 1;
    }
    assert_eq!(count, 1, "every processor has one");
}

#[test]
fn secrets_are_required_and_made_by_one_command() {
    let required = required_names(&text("docker-compose.yml"));
    assert_eq!(scripts::new_env().into_keys().collect::<BTreeSet<_>>(), required);
    let options = options();
    for (name, service) in Compose::read().services {
        for (variable, value) in &service.environment {
            let is_secret = options.get(variable).is_some_and(|option| option.secret) || variable.contains("PASSWORD");
            // A URL without a password is none.
            let is_empty_url = value.contains("://") && !value.contains('@');
            assert!(!is_secret || is_empty_url || value.contains(":?"), "{name}: {variable} is not required");
        }
    }
}

#[test]
fn health_is_asked_where_the_process_listens() {
    let options = options();
    for (name, service, subcommand, _) in Compose::read().programs().into_iter().filter(|(_, s, ..)| !s.is_tool()) {
        let listen = options.values().find(|o| o.variable.ends_with("_LISTEN") && o.belongs_to(&subcommand));
        let listen = listen.unwrap_or_else(|| panic!("{name} listens nowhere"));
        let default = listen.defaults[&subcommand].clone().expect("a default");
        let given = service.environment.get(&listen.variable).unwrap_or(&default);
        let port = |address: &str| address.parse::<SocketAddr>().expect("an address").port();
        assert_eq!(port(given), port(&default), "{name}: keep to the ports that everybody knows");
        let test = &service.healthcheck.as_ref().expect("a health check").test;
        let path = if subcommand == "simulator" { "/admin/totals" } else { "/readyz" };
        assert_eq!(test, &["CMD", "healthy-http", &port(given).to_string(), path], "{name}");
    }
}

#[test]
fn what_runs_on_is_watched_and_started_again() {
    for (name, service) in Compose::read().services {
        if service.is_tool() {
            assert!(service.healthcheck.is_none(), "{name} ends");
        } else {
            assert_eq!(service.restart, "unless-stopped", "{name}");
            assert!(service.healthcheck.is_some_and(|check| !check.test.is_empty()), "{name} has no health check");
        }
    }
}

#[test]
fn nothing_starts_before_what_it_needs_works() {
    let compose = Compose::read();
    for (name, service) in &compose.services {
        for (needed, depends_on) in &service.depends_on {
            let needed_is_tool = compose.service(needed).is_tool();
            let wanted = if needed_is_tool { "service_completed_successfully" } else { "service_healthy" };
            assert_eq!(depends_on.condition, wanted, "{name} on {needed}");
        }
    }
    for (name, service, subcommand, _) in compose.programs() {
        let before = compose.before(name);
        let reads_topics = service.environment.contains_key("QUITTANCE_KAFKA_BROKERS");
        let urls = ["QUITTANCE_POSTGRES_URL", "QUITTANCE_POSTGRES_READER_URL"];
        let reads_tables = urls.iter().any(|url| service.environment.contains_key(*url));
        let needs_tables = reads_tables && subcommand != "migrate";
        let needs_topics = reads_topics && !matches!(subcommand.as_str(), "schemas register" | "topics apply");
        for (needs, needed) in [(needs_topics, "topics"), (needs_topics, "schemas"), (needs_tables, "migrate")] {
            assert!(!needs || before.contains(needed), "{name} does not wait for {needed}");
        }
    }
}

#[test]
fn only_the_load_balancer_can_be_reached() {
    let compose = Compose::read();
    for (name, service) in &compose.services {
        let is_open = !service.ports.is_empty() || service.networks.iter().any(|name| !compose.networks[name].internal);
        assert_eq!(is_open, name == "load-balancer", "{name}");
        match service.network_mode.as_deref() {
            None => assert!(!service.networks.is_empty(), "{name} would be on the default network"),
            Some("none" | "service:gateway-pod") => {}
            Some(other) => panic!("{name}: {other}"),
        }
    }
    let [port] = compose.service("load-balancer").ports.as_slice() else { panic!("one port") };
    assert_eq!(interpolate(port, &variables("")), "127.0.0.1:8080:8080", "only this machine, unless told otherwise");
    let before_it = &compose.service("load-balancer").networks;
    let with_it = compose.services.iter().filter(|(_, service)| service.networks.iter().any(|n| before_it.contains(n)));
    let with_it: Vec<_> = with_it.map(|(name, _)| name.as_str()).collect();
    assert_eq!(with_it, ["ingest", "load-balancer"], "it can reach the ingests and nothing behind them");
}

#[test]
fn every_container_is_confined() {
    for (name, service) in Compose::read().services {
        assert!(service.read_only && !service.privileged, "{name}");
        assert_eq!((service.cap_drop, service.cap_add), (vec!["ALL".to_owned()], Vec::new()), "{name}");
        assert_eq!(service.security_opt, ["no-new-privileges:true"], "{name}");
        assert!(service.mem_limit.ends_with(['m', 'g']), "{name} has no bound of memory");
        // The other images name a user of their own.
        let image_is_root = ["postgres:", "redis:"].iter().any(|image| service.image.starts_with(image));
        assert!(service.user.map_or(!image_is_root, |user| user != "root" && user != "0"), "{name}");
    }
}

#[test]
fn volumes_are_declared_and_files_are_there_and_cannot_be_changed() {
    let compose = Compose::read();
    let mut used = BTreeSet::new();
    for (name, service) in &compose.services {
        for volume in &service.volumes {
            let (source, target) = volume.split_once(':').expect("source:target");
            if let Some(file) = source.strip_prefix("./") {
                assert!(path(file).is_file() && target.ends_with(":ro"), "{name}: {volume}");
            } else {
                assert!(used.insert(source.to_owned()), "{name}: {source} is used twice");
            }
        }
    }
    assert_eq!(used, compose.volumes.into_keys().collect());
}

#[test]
fn tools_that_one_calls_do_not_run_by_themselves() {
    let compose = Compose::read();
    for (name, service) in compose.services.iter().filter(|(_, service)| !service.profiles.is_empty()) {
        let is_needed = compose.services.values().any(|other| other.depends_on.contains_key(name));
        assert!(service.is_tool() && !is_needed, "{name}");
    }
    assert_eq!(compose.service("token").profiles, ["tools"]);
}
