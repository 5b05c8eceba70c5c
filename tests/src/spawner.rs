//! Starting processes that cannot outlive the test program.
//!
//! The kernel kills them when the *thread* that started them ends (PR_SET_PDEATHSIG), so one thread that lives as long
//! as the program starts them all, by way of util-linux's `setpriv`.

use std::{
    io,
    process::{Child, Command},
    sync::{
        LazyLock, Mutex, PoisonError,
        mpsc::{Sender, channel},
    },
    thread,
};

use anyhow::{Context, Result};

type Job = (Command, Sender<io::Result<Child>>);

static SPAWNER: LazyLock<Mutex<Sender<Job>>> = LazyLock::new(|| {
    let (sender, jobs) = channel::<Job>();
    thread::spawn(move || {
        for (mut command, answer) in jobs {
            let _ = answer.send(command.spawn());
        }
    });
    Mutex::new(sender)
});

/// A command for a program that is killed when this one ends.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Starts it.
pub(crate) fn spawn(command: Command) -> Result<Child> {
    let (sender, answer) = channel();
    SPAWNER.lock().unwrap_or_else(PoisonError::into_inner).send((command, sender)).context("the spawner is gone")?;
    answer.recv().context("the spawner is gone")?.context("starting a process")
}
