use rstest::rstest;

use super::*;

fn args(url: &str) -> PostgresArgs {
    let tables = TablesArgs { postgres_schema: "payments".to_owned(), postgres_connections_max: 2 };
    PostgresArgs { postgres_url: url.parse().expect("a URL"), tables }
}

fn config(url: &str) -> Config {
    let args = args(url);
    args.tables.configure(parse_url("URL", &args.postgres_url).expect("a good URL"), STATEMENT_TIMEOUT)
}

fn reader(url: &str) -> ReaderArgs {
    ReaderArgs { postgres_reader_url: url.parse().expect("a URL") }
}

#[rstest]
#[case("quittance", true)]
#[case("_q1", true)]
#[case("", false)]
#[case("1q", false)]
#[case("Quittance", false)]
#[case("pg_temp", false)]
#[case("a\"; drop schema b", false)]
#[case(&"x".repeat(64), false)]
fn schemas(#[case] text: &str, #[case] accepted: bool) {
    assert_eq!(parse_schema(text).is_ok(), accepted, "{text}");
}

#[rstest]
#[case("postgres://u:p@127.0.0.1/d", false)]
#[case("postgres://u:p@localhost/d?sslmode=prefer", false)]
#[case("postgres://u:p@[::1]/d", false)]
#[case("postgres://u:p@127.0.0.1/d?sslmode=require", true)]
#[case("postgres://u:p@db/d", true)]
#[case("postgres://u:p@db/d?sslmode=disable", false)]
#[case("postgres://u:p@127.0.0.1,db/d", true)]
#[case("postgres:///d?host=/var/run/postgresql", false)]
fn tls_is_left_out_only_where_it_may_be(#[case] url: &str, #[case] wanted: bool) {
    assert_eq!(wants_tls(&config(url)), wanted, "{url}");
}

#[rstest]
#[case("hunter2")]
#[case("postgres://u:p@db/d?hunter2=1")]
#[case("postgres://u:hunter2@db:port/d")]
#[case("postgres:///hunter2")]
fn a_bad_url_names_its_variable_and_shows_nothing_of_itself(#[case] url: &str) {
    let error = args(url).pool().expect_err("a bad URL").to_string();
    assert!(error.starts_with("QUITTANCE_POSTGRES_URL must be") && !error.contains("hunter2"), "{error}");
}

#[test]
fn options_of_the_url_are_kept() {
    let config = config("postgres://u:p@db/d?options=-c%20lock_timeout%3D5");
    let wanted = "-c lock_timeout=5 -c search_path=\"payments\" -c statement_timeout=10000";
    assert_eq!(config.get_options(), Some(wanted));
}

#[rstest]
#[case::whole("postgres://reader:hunter2@db/d", Some(("reader", Some("hunter2"))))]
#[case::decoded("postgres://read%20er:hunter%402@db/d", Some(("read er", Some("hunter@2"))))]
#[case::known_otherwise("postgres://reader@db/d", Some(("reader", None)))]
#[case::no_name("postgres://db/hunter2", None)]
#[case::no_url("hunter2", None)]
fn a_readers_url_says_who_it_is(#[case] url: &str, #[case] expected: Option<(&str, Option<&str>)>) {
    match reader(url).role() {
        Ok(role) => {
            assert!(!format!("{role:?}").contains("hunter"), "{role:?}");
            let password = role.password.as_ref().map(Secret::expose);
            assert_eq!(Some((role.name.as_str(), password)), expected);
        }
        Err(error) => {
            let error = error.to_string();
            assert!(
                error.starts_with("QUITTANCE_POSTGRES_READER_URL must be") && !error.contains("hunter2"),
                "{error}"
            );
            assert_eq!(expected, None);
        }
    }
}
