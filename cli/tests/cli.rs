//! The program from outside: what it refuses and how it says so, its help, and that it tells no secret.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::{Command, Output},
};

use quittance_cli::{ProgramOption, options, subcommands};
use rstest::rstest;

const MASTER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// What development tokens take.
const DEVELOPMENT: [(&str, &str); 2] = [
    ("QUITTANCE_JWT_HS256_SECRET", "a secret for tests of 32 bytes or more"),
    ("QUITTANCE_JWT_HS256_DEVELOPMENT", "true"),
];
/// A value that has to stay unseen.
const HUNTER: &str = "hunter2";

/// The program with these variables and no others.
fn quittance(line: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quittance"));
    command.args(line.split_whitespace()).env_clear().envs(variables.iter().copied());
    command.output().expect("the program runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// One bad value for each option that not every text fits: subcommand, variable, value, and a part of what would be
/// right.
const BAD: &[(&str, &str, &str, &str)] = &[
    ("dead-letters list", "QUITTANCE_DEAD_LETTERS_PART", "ingest", "must be one of"),
    ("ingest", "QUITTANCE_DEFAULT_GATEWAY_ACCOUNT", "a/b", "letters, digits"),
    ("ingest", "QUITTANCE_JWT_AUDIENCE", "", "value"),
    ("ingest", "QUITTANCE_JWT_ISSUER", "", "value"),
    ("ingest", "QUITTANCE_CONNECTIONS_MAX", "0", "1..=1000000"),
    ("ingest", "QUITTANCE_CORS_ORIGINS", "https://shop.example,*", "must be an origin"),
    ("ingest", "QUITTANCE_CREDENTIAL_RATE", "0", "must be 1 to 1000000"),
    ("ingest", "QUITTANCE_DRAIN_TIMEOUT_MS", "300001", "0..=300000"),
    ("ingest", "QUITTANCE_FORWARDED_HEADER", "x-real-ip", "x-forwarded-for, forwarded"),
    ("ingest", "QUITTANCE_HEADER_TIMEOUT_MS", "1s", "invalid digit"),
    ("ingest", "QUITTANCE_IDLE_TIMEOUT_MS", "99", "100..=3600000"),
    ("ingest", "QUITTANCE_JWT_HS256_DEVELOPMENT", "maybe", "true, false"),
    ("ingest", "QUITTANCE_JWT_HS256_SECRET", "", "must not be empty"),
    ("ingest", "QUITTANCE_LISTEN", "8080", "socket address"),
    ("ingest", "QUITTANCE_MASTER_KEY", "", "must not be empty"),
    ("ingest", "QUITTANCE_POSTGRES_CONNECTIONS_MAX", "0", "1..=1000"),
    ("ingest", "QUITTANCE_POSTGRES_SCHEMA", "pg_mine", "nor pg_"),
    ("ingest", "QUITTANCE_POSTGRES_READER_URL", "", "must not be empty"),
    ("ingest", "QUITTANCE_PROXY_PROTOCOL", "yes", "true, false"),
    ("migrate", "QUITTANCE_POSTGRES_READER_URL", "", "must not be empty"),
    ("migrate", "QUITTANCE_POSTGRES_URL", "", "must not be empty"),
    ("ingest", "QUITTANCE_PUBLISH_TIMEOUT_MS", "99", "100..=60000"),
    ("ingest", "QUITTANCE_REDIS_URL", "", "must not be empty"),
    ("ingest", "QUITTANCE_REQUESTS_MAX", "0", "1..=1000000"),
    ("ingest", "QUITTANCE_STREAMS_MAX", "0", "1..=1000000"),
    ("ingest", "QUITTANCE_TENANT_RATE", "-1", "must be 1 to 1000000"),
    ("ingest", "QUITTANCE_WAITS_MAX", "0", "1..=1000000"),
    ("ingest", "QUITTANCE_TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.0/33", "such as 10.1.0.0/16"),
    ("ingest", "QUITTANCE_WAIT_MS", "-1", "invalid digit"),
    ("migrate", "QUITTANCE_LOG", "quittance=loud", "expected a level"),
    ("migrate", "QUITTANCE_LOG_FORMAT", "xml", "json, human"),
    ("processor payments", "QUITTANCE_DATA_DIR", "/no/such", "a directory"),
    ("processor payments", "QUITTANCE_ADMIN_LISTEN", "localhost", "socket address"),
    ("processor payments", "QUITTANCE_ACTION_TTL_MS", "999", "1000..=604800000"),
    ("processor payments", "QUITTANCE_ATTEMPTS_MAX", "0", "1..=20"),
    ("processor payments", "QUITTANCE_ATTEMPT_TTL_MS", "82800001", "0..=82800000"),
    ("processor payments", "QUITTANCE_DECLINE_RETRY_MS", "1s", "invalid digit"),
    ("processor payments", "QUITTANCE_EXPIRY_RECHECK_MS", "99", "100..=86400000"),
    ("processor payments", "QUITTANCE_PENDING_TTL_MS", "0", "1000..=5184000000"),
    ("processor payments", "QUITTANCE_POLL_MAX_MS", "0", "100..=86400000"),
    ("processor payments", "QUITTANCE_INSTANCE", "a.b", "letters, digits"),
    ("processor payments", "QUITTANCE_QUERIES_MAX", "0", "1..=1000"),
    ("processor payments", "QUITTANCE_QUERY_SETTLE_MS", "3600001", "0..=3600000"),
    ("processor payments", "QUITTANCE_RETRY_MAX_MS", "0", "1..=3600000"),
    ("processor payments", "QUITTANCE_RETRY_MIN_MS", "0", "1..=60000"),
    ("processor payments", "QUITTANCE_SESSION_TIMEOUT_MS", "999", "1000..=300000"),
    ("processor payments", "QUITTANCE_TRY_LOST_MS", "99", "100..=82800000"),
    ("processor payments", "QUITTANCE_TRY_NOT_AFTER_MS", "99", "100..=82800000"),
    ("processor payments", "QUITTANCE_UNKNOWN_TRIES_MAX", "21", "1..=20"),
    ("simulator", "QUITTANCE_SIMULATOR_LISTEN", ":8090", "socket address"),
    ("simulator", "QUITTANCE_SIMULATOR_SLOW_MS", "600001", "0..=600000"),
    ("sink gateway", "QUITTANCE_GATEWAY_ACCOUNTS", "simulator", "`name=url`"),
    ("sink gateway", "QUITTANCE_GATEWAY_URLS", "stripe", "`gateway=url`"),
    ("ingest", "QUITTANCE_GATEWAY_ACCOUNTS", "simulator", "`name=url`"),
    ("processor payments", "QUITTANCE_GATEWAY_ACCOUNTS", "simulator", "`name=url`"),
    ("sink gateway", "QUITTANCE_GATEWAY_SECRETS", "simulator", "`name=secret`"),
    ("sink gateway", "QUITTANCE_GATEWAY_CONCURRENCY", "0", "1..=4096"),
    ("sink gateway", "QUITTANCE_GATEWAY_TIMEOUT_MS", "49", "50..=60000"),
    ("token", "QUITTANCE_TOKEN_MODE", "real", "live or test"),
    ("token", "QUITTANCE_TOKEN_ROLES", "merchant,king", "merchant"),
    ("token", "QUITTANCE_TOKEN_TENANT", "a:b", "a-z, 0-9"),
    ("token", "QUITTANCE_TOKEN_TTL", "5", "such as 1h"),
    ("topics apply", "QUITTANCE_COMMIT_TIMEOUT_MS", "99", "100..=9000"),
    ("topics apply", "QUITTANCE_KAFKA_SASL_MECHANISM", "GSSAPI", "SCRAM-SHA-512"),
    ("topics apply", "QUITTANCE_KAFKA_SASL_PASSWORD", "", "must not be empty"),
    ("topics apply", "QUITTANCE_KAFKA_SECURITY_PROTOCOL", "tls", "sasl_ssl"),
    ("topics apply", "QUITTANCE_PARTITIONS", "1025", "1..=1024"),
    ("topics apply", "QUITTANCE_REPLICATION", "10", "1..=9"),
    ("topics apply", "QUITTANCE_SCHEMA_REGISTRY_URL", "registry:8080", "http://"),
    ("topics apply", "QUITTANCE_TOPIC_PREFIX", "a.b", "letters, digits"),
    ("topics read", "QUITTANCE_READ_MAX", "0", "1.."),
];

/// Options that take any text, or whose text only a file or a server can refuse.
const ANY_TEXT: &[&str] = &[
    "QUITTANCE_DEAD_LETTERS_REASON",
    "QUITTANCE_JWT_ISSUERS_FILE",
    "QUITTANCE_KAFKA_BROKERS",
    "QUITTANCE_KAFKA_CA_FILE",
    "QUITTANCE_KAFKA_SASL_USERNAME",
    "QUITTANCE_READ_AGGREGATE",
    "QUITTANCE_TLS_CERTIFICATE_FILE",
    "QUITTANCE_TLS_KEY_FILE",
    "QUITTANCE_TOKEN_SUBJECT",
];

#[test]
fn a_bad_value_stops_the_start_and_its_variable_is_named() {
    let options = options();
    for (subcommand, variable, value, wanted) in BAD {
        let flag = format!("{}={value}", options[*variable].flag);
        // The last one of a name counts.
        let given = [("QUITTANCE_MASTER_KEY", MASTER_KEY), (*variable, *value)];
        let by_variable = quittance(subcommand, &given);
        let by_flag = quittance(&format!("{subcommand} {flag}"), &given[..1]);
        for output in [by_variable, by_flag] {
            let (out, err) = (stdout(&output), stderr(&output));
            assert_eq!(output.status.code(), Some(2), "{subcommand} {flag}: {err}");
            assert_eq!(out, "", "{subcommand} {flag}");
            assert!(err.contains(&format!("is {variable}.")) && err.contains(wanted), "{subcommand} {flag}: {err}");
        }
    }
}

#[test]
fn every_option_has_a_bad_value_above_or_takes_any_text() {
    let bad = BAD.iter().map(|(_, variable, ..)| *variable);
    let covered: BTreeSet<_> = bad.chain(ANY_TEXT.iter().copied()).collect();
    let options = options();
    let all: BTreeSet<_> = options.keys().map(String::as_str).collect();
    assert_eq!(covered, all);
}

#[rstest]
#[case::missing_key("ingest", &[], 2, "QUITTANCE_MASTER_KEY")]
#[case::short_key("ingest", &[("QUITTANCE_MASTER_KEY", "aHVudGVyMg==")], 1, "QUITTANCE_MASTER_KEY")]
#[case::no_base64("ingest", &[("QUITTANCE_MASTER_KEY", "hunter2!")], 1, "QUITTANCE_MASTER_KEY")]
#[case::no_token_key("ingest", &[("QUITTANCE_JWT_HS256_SECRET", "")], 2, "QUITTANCE_JWT_HS256_SECRET")]
#[case::short_secret("token --tenant t --role viewer", &[("QUITTANCE_JWT_HS256_SECRET", "hunter2")], 1, "QUITTANCE_JWT_HS256_SECRET")]
#[case::no_secret("token --tenant t --role viewer", &[("QUITTANCE_JWT_HS256_SECRET", "")], 2, "QUITTANCE_JWT_HS256_SECRET")]
#[case::secret_of_no_development("token --tenant t --role viewer", &[("QUITTANCE_JWT_HS256_DEVELOPMENT", "false")], 1, "QUITTANCE_JWT_HS256_DEVELOPMENT=true")]
#[case::secret_of_no_development("ingest", &[("QUITTANCE_MASTER_KEY", MASTER_KEY), ("QUITTANCE_JWT_HS256_DEVELOPMENT", "false")], 1, "QUITTANCE_JWT_HS256_DEVELOPMENT=true")]
#[case::no_file("ingest", &[("QUITTANCE_MASTER_KEY", MASTER_KEY), ("QUITTANCE_JWT_ISSUERS_FILE", "/no/such")], 1, "QUITTANCE_JWT_ISSUERS_FILE /no/such: ")]
#[case::no_issuers("ingest", &[("QUITTANCE_MASTER_KEY", MASTER_KEY), ("QUITTANCE_JWT_ISSUERS_FILE", "/dev/null")], 1, "QUITTANCE_JWT_ISSUERS_FILE /dev/null: must be JSON")]
#[case::no_tls_key("ingest", &[("QUITTANCE_MASTER_KEY", MASTER_KEY), ("QUITTANCE_TLS_CERTIFICATE_FILE", "/no/such")], 2, "QUITTANCE_TLS_KEY_FILE")]
#[case::no_tls_certificate("ingest", &[("QUITTANCE_MASTER_KEY", MASTER_KEY), ("QUITTANCE_TLS_KEY_FILE", "/no/such")], 2, "QUITTANCE_TLS_CERTIFICATE_FILE")]
#[case::no_tls_file("ingest", &[("QUITTANCE_MASTER_KEY", MASTER_KEY), ("QUITTANCE_TLS_CERTIFICATE_FILE", "/no/such"), ("QUITTANCE_TLS_KEY_FILE", "/no/such")], 1, "QUITTANCE_TLS_CERTIFICATE_FILE")]
#[case::no_proxies("ingest", &[("QUITTANCE_MASTER_KEY", MASTER_KEY), ("QUITTANCE_PROXY_PROTOCOL", "true")], 1, "QUITTANCE_TRUSTED_PROXIES")]
#[case::no_database("migrate", &[("QUITTANCE_POSTGRES_URL", "postgres://u:hunter2@")], 1, "QUITTANCE_POSTGRES_URL")]
#[case::no_reader("migrate", &[("QUITTANCE_POSTGRES_READER_URL", "postgres://127.0.0.1/hunter2")], 1, "QUITTANCE_POSTGRES_READER_URL")]
#[case::no_password("schemas register", &[("QUITTANCE_KAFKA_SASL_MECHANISM", "PLAIN"), ("QUITTANCE_KAFKA_SASL_USERNAME", "u")], 2, "QUITTANCE_KAFKA_SASL_PASSWORD")]
fn what_is_wrong_is_named(
    #[case] line: &str,
    #[case] variables: &[(&str, &str)],
    #[case] status: i32,
    #[case] named: &str,
) {
    // Whatever the case gives comes after it and counts.
    let given = [&DEVELOPMENT, variables].concat();
    let output = quittance(line, &given);
    let err = stderr(&output);
    assert_eq!(output.status.code(), Some(status), "{err}");
    assert!(err.contains(named) && !err.contains(HUNTER) && !err.contains("aHVudGVy"), "{err}");
    assert_eq!(stdout(&output), "");
}

#[test]
fn subcommands_with_a_flag_in_common_name_their_own_variable() {
    for (subcommand, variable) in [("ingest", "QUITTANCE_LISTEN"), ("simulator", "QUITTANCE_SIMULATOR_LISTEN")] {
        let err = stderr(&quittance(&format!("--log info {subcommand} --listen here"), &[]));
        assert!(err.contains(&format!("is {variable}.")), "{err}");
    }
}

#[test]
fn every_variable_that_is_missing_is_named() {
    let err = stderr(&quittance("topics apply", &[("QUITTANCE_KAFKA_SASL_MECHANISM", "PLAIN")]));
    assert!(err.contains("are QUITTANCE_KAFKA_SASL_USERNAME, QUITTANCE_KAFKA_SASL_PASSWORD."), "{err}");
}

#[test]
fn a_secret_is_never_shown() {
    for option in options().values() {
        let secrets: &[&str] = match option.variable.as_str() {
            "QUITTANCE_GATEWAY_ACCOUNTS" => &["a=https://u:hunter2@gateway", "a=hunter2://u:hunter2@gateway"],
            "QUITTANCE_GATEWAY_SECRETS" => &["a=hunter2", "a=hunter2,hunter2"],
            "QUITTANCE_SCHEMA_REGISTRY_URL" => &["ftp://u:hunter2@registry"],
            _ if option.secret => &[HUNTER],
            _ => continue,
        };
        let subcommand = option.defaults.keys().next().expect("somebody has it");
        for secret in secrets {
            let variables = [(option.variable.as_str(), *secret)];
            let flag = format!("{}={secret}", option.flag);
            for output in [
                quittance(&format!("{subcommand} --help"), &variables),
                quittance(&format!("{subcommand} --log-format=xml"), &variables),
                quittance(&format!("{subcommand} --log-format=xml {flag}"), &[]),
                quittance(&format!("{subcommand} {flag} --log-format=xml"), &[]),
                quittance(&format!("{subcommand} {flag} --no-such-option"), &[]),
            ] {
                let shown = stdout(&output) + &stderr(&output);
                assert!(!shown.is_empty() && !shown.contains(HUNTER), "{}: {shown}", option.variable);
            }
        }
    }
}

#[test]
fn secrets_are_known_as_such() {
    let names = ["KEY", "SECRET", "SECRETS", "PASSWORD", "_POSTGRES_URL", "_READER_URL", "_REDIS_URL", "_REGISTRY_URL"];
    let is_named_so = |option: &ProgramOption| names.iter().any(|name| option.variable.ends_with(name));
    let options = options();
    let secret: Vec<_> = options.values().filter(|option| option.secret).map(|option| &option.variable).collect();
    let named: Vec<_> = options.values().filter(|option| is_named_so(option)).map(|option| &option.variable).collect();
    assert_eq!(secret, named);
}

/// What a help says to each flag that is only written long, which excludes `--help` itself.
fn entries(help: &str) -> BTreeMap<&str, String> {
    let mut entries = BTreeMap::new();
    let mut flag = None;
    for line in help.lines() {
        let begins_anew = !line.is_empty() && !line.starts_with("          ");
        if begins_anew {
            flag = line.trim_start().split(' ').next().filter(|word| word.starts_with("--"));
        }
        if let Some(flag) = flag {
            let entry: &mut String = entries.entry(flag).or_default();
            *entry += line;
            *entry += "\n";
        }
    }
    entries
}

#[test]
fn help_tells_every_option_its_variable_and_its_default() {
    let options = options();
    for subcommand in subcommands() {
        let output = quittance(&format!("{subcommand} --help"), &[]);
        assert!(output.status.success(), "{subcommand}: {}", stderr(&output));
        let help = stdout(&output);
        for option in options.values().filter(|option| option.belongs_to(&subcommand)) {
            let entries = entries(&help);
            let entry = entries.get(option.flag.as_str());
            let entry = entry.unwrap_or_else(|| panic!("{subcommand} has no {}", option.flag));
            assert!(entry.contains(&format!("[env: {}]", option.variable)), "{subcommand}: {entry}");
            let default = option.defaults.get(&subcommand).or_else(|| option.defaults.get(""));
            if let Some(Some(default)) = default {
                assert!(entry.contains(&format!("[default: {default}]")), "{subcommand}: {entry}");
            }
        }
    }
}

#[test]
fn every_option_has_a_variable() {
    for subcommand in subcommands() {
        let help = stdout(&quittance(&format!("{subcommand} --help"), &[]));
        for (flag, entry) in entries(&help) {
            assert!(entry.contains("[env: QUITTANCE_"), "{subcommand} {flag}: {entry}");
        }
    }
}

#[test]
fn a_token_is_one_line_and_nothing_else() {
    let output = quittance("token --tenant demo --role merchant --role viewer --subject me --ttl 5m", &DEVELOPMENT);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    let text = stdout(&output);
    let token = text.strip_suffix('\n').expect("a whole line");
    let parts: Vec<_> = token.split('.').collect();
    let is_base64url = |part: &&str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    assert!(parts.len() == 3 && parts.iter().all(|part| part.len() > 10 && is_base64url(part)), "{token}");
}

#[rstest]
#[case::nothing("", 2)]
#[case::half("topics", 2)]
#[case::unknown("no-such-subcommand", 2)]
#[case::unknown_option("migrate --no-such-option", 2)]
#[case::no_tenant("token --role viewer", 2)]
#[case::unknown_role("token --tenant t --role king", 2)]
#[case::help("help sink redis", 0)]
#[case::version("--version", 0)]
fn lines(#[case] line: &str, #[case] status: i32) {
    let output = quittance(line, &[]);
    assert_eq!(output.status.code(), Some(status), "{}", stderr(&output));
    assert_eq!(output.stdout.is_empty(), status != 0);
}
