//! Children as seen by the one that started them.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use test_servers::OwnRedis;

/// Names the server; set in children only.
pub(crate) const URL: &str = "QUERY_CACHE_CHILD_OF_TEST";

/// Begins a line that is meant for the parent, among those of the test harness.
pub(crate) const ANSWER: &str = "answer: ";

/// A child, which ends with this value.
pub(crate) struct Process {
    child: Child,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// So many children, all of them ready.
    pub(crate) fn start(many: usize, server: &OwnRedis) -> Vec<Self> {
        let mut all: Vec<Self> = (0..many).map(|_| Self::spawn(&server.url())).collect();
        all.iter_mut().for_each(|child| child.expect("ready"));
        all
    }

    fn spawn(url: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["child::child", "--exact", "--nocapture"]).env(URL, url);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { orders: child.stdin.take(), child, answers }
    }

    pub(crate) fn order(&mut self, line: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next answer.
    pub(crate) fn answer(&mut self) -> String {
        let mut lines = self.answers.by_ref().map(Result::unwrap);
        let answer = lines.find_map(|line| line.strip_prefix(ANSWER).map(ToOwned::to_owned));
        answer.expect("the child has ended: see its output")
    }

    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.answer(), line);
    }

    /// What follows `word` in the answer that begins with it; earlier ones are passed over.
    pub(crate) fn number(&mut self, word: &str) -> u64 {
        loop {
            if let Some(rest) = self.answer().strip_prefix(word) {
                return rest.trim().parse().unwrap();
            }
        }
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Has no more orders, and waits for its end.
    pub(crate) fn end(mut self) {
        self.orders = None;
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Has ended already, or is not waited for any more.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
