//! `docs/configuration.md` is made from the program's own list of options. When that changes:
//! `UPDATE_DOCS=1 cargo test -p quittance-cli --test configuration`

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use quittance_cli::{ProgramOption, options};

const INTRODUCTION: &str = "\
<!-- Made from the program's list of options by cli/tests/configuration.rs, which also says how to make it anew. -->
# Configuration

Every setting is an option of the command line and, by the variable beside it, of the environment; the command line
wins. There is no configuration file. `quittance SUBCOMMAND --help` shows the same as this page.

- A value that makes no sense stops the start, and the message names its variable.
- Values marked *secret* appear in no message, no log and no help. Give them by the environment: a command line can be
  seen by everybody on the machine.
- The defaults find the servers that `dev/stack` starts, and listen on loopback only. Before anybody else can reach it,
  set the addresses, the master key, the keys for tokens, TLS and the passwords.
- Times are in milliseconds where the name ends in `_MS`.
- With Docker, `docker/new-env` makes the secrets that `docker-compose.yml` asks for, in the file `.env`.

## Two roles of Postgres

The role of `QUITTANCE_POSTGRES_URL` owns the tables: `migrate` makes them as it, and `sink postgres` writes them. Ingest reads
as another one, that of `QUITTANCE_POSTGRES_READER_URL`, to which Postgres shows the rows of one tenant at a time
(row-level security) and lets it write nothing. `migrate` is given both URLs. It makes the reader, with the password in
its URL, if there is none and the owner may create roles; otherwise do it yourself (`create role … login password …`). At each run it says
anew what the reader may read in the schema. It refuses a reader that could see more: a superuser, the owner of the tables, whoever has
BYPASSRLS, REPLICATION or CREATEROLE, and whoever may become one of those. So does ingest, for each connection: it then answers
reads with 503, says why in its log, and takes payments all the same.

The password of a reader that is there is never changed: to change it, `alter role … password …`, and start ingest with the new URL.
";

type Sections<'a> = BTreeMap<String, Vec<&'a ProgramOption>>;

#[test]
fn docs_tell_the_options_that_there_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let page = page(&options());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        fs::write(&path, &page).expect("the page is written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(page.lines()).find(|(found, wanted)| found != wanted);
    assert!(
        found == page,
        "docs/configuration.md is not what the options are; make it anew with \
         `UPDATE_DOCS=1 cargo test -p quittance-cli --test configuration`. First difference: {differs:#?}"
    );
}

fn page(options: &BTreeMap<String, ProgramOption>) -> String {
    let (of_all, of_some): (Vec<_>, Vec<_>) = options.values().partition(|option| option.belongs_to(""));
    let mut page = INTRODUCTION.to_owned();
    page += "\n## Every subcommand\n\n";
    page += &table(&of_all, None);
    let mut sections = Sections::new();
    for option in of_some {
        sections.entry(heading(option)).or_default().push(option);
    }
    for (heading, options) in sections {
        let together = options.iter().all(|option| names(option) == names(options[0])).then(|| names(options[0]));
        let _ = write!(page, "\n## {heading}\n\n");
        if let Some(names) = &together {
            let _ = write!(page, "For {names}.\n\n");
        }
        page += &table(&options, together.as_deref());
    }
    page
}

/// An option without a heading is its subcommand's own.
fn heading(option: &ProgramOption) -> String {
    let name = if option.heading.is_empty() { option.defaults.keys().next() } else { Some(&option.heading) };
    let name = name.map_or("", String::as_str);
    name.get(..1).unwrap_or_default().to_uppercase() + name.get(1..).unwrap_or_default()
}

/// `together`: whose options they all are; otherwise each row says it.
fn table(options: &[&ProgramOption], together: Option<&str>) -> String {
    let mut table = "| Variable and flag | Default | What it is for |\n| --- | --- | --- |\n".to_owned();
    for option in options {
        let mut help = option.help.replace('\n', " ").replace('|', "\\|");
        if !option.values.is_empty() && !option.help.contains(option.values[0].as_str()) {
            let _ = write!(help, ": {}", list(option.values.iter().map(String::as_str)));
        }
        if option.secret {
            help += ". *Secret*";
        }
        if together.is_none() && !option.belongs_to("") {
            let _ = write!(help, ". For {}", names(option));
        }
        let _ = writeln!(table, "| `{}`<br>`{}` | {} | {help}. |", option.variable, option.flag, default(option));
    }
    table
}

fn names(option: &ProgramOption) -> String {
    list(option.defaults.keys().map(String::as_str))
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn default(option: &ProgramOption) -> String {
    let mut subcommands: BTreeMap<&Option<String>, Vec<&str>> = BTreeMap::new();
    for (subcommand, default) in &option.defaults {
        subcommands.entry(default).or_default().push(subcommand);
    }
    let is_the_same = subcommands.len() == 1;
    let cells = subcommands.into_iter().map(|(default, subcommands)| match default {
        None if option.required => "**required**".to_owned(),
        None => "none".to_owned(),
        Some(default) if is_the_same => format!("`{default}`"),
        Some(default) => format!("`{default}` for {}", list(subcommands.into_iter())),
    });
    cells.collect::<Vec<_>>().join("<br>")
}
