//! `docs/writing-plugins.md` and `docs/javascript.md`, followed to the letter: what stands in it is typed, saved and answered, and prints what stands there.

mod block;
mod terminal;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use block::{Block, read};
use terminal::Terminal;

use crate::kernel::{given, without_plugins};

/// The address that the page has, and that a test cannot: somebody may have it.
const ADDRESS: &str = "http://127.0.0.1:8080";

/// For a first build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

struct Reader {
    folder: PathBuf,
    /// The terminal in which something goes on running, and where that answers.
    running: Option<Terminal>,
    url: String,
    /// What the last commands printed.
    printed: String,
    /// When a file was last saved.
    saved: Instant,
}

impl Reader {
    fn follow(&mut self, block: &Block, next: Option<&Block>) {
        match block {
            Block::File { path, text } => self.save(path, text),
            Block::CtrlC => self.running.take().expect("something runs").interrupt(),
            Block::Printed(text) => self.compare(text),
            Block::Commands(text) => {
                let answers = next.is_some_and(|next| matches!(next, Block::Printed(text) if text.contains("[y/N] y")));
                let (first, last) = text.trim_end().rsplit_once('\n').unwrap_or(("", text.trim_end()));
                if ["basalt plugin dev", "basalt serve"].contains(&last) {
                    self.run(first, false);
                    // Whoever serves something new has stopped what served before.
                    self.running = Some(Terminal::start(&self.folder, last));
                } else {
                    self.run(text, answers);
                }
            }
        }
    }

    fn save(&mut self, path: &str, text: &str) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("saved");
    }

    fn run(&mut self, commands: &str, answers: bool) {
        let commands = commands.lines().filter(|line| !line.starts_with("rustup ")).collect::<Vec<_>>().join("\n");
        let place = self.folder.join(".place");
        let script = format!("set -eu\n{}\npwd > {}", commands.replace(ADDRESS, &self.url), place.display());
        self.saved = Instant::now();
        let mut terminal = Terminal::start(&self.folder, &script);
        if answers {
            terminal.wait_for("[y/N]", PATIENCE);
            terminal.type_in("y\n");
        }
        self.printed = terminal.end(PATIENCE);
        let folder = std::fs::read_to_string(&place).expect("where the commands ended");
        std::fs::remove_file(place).expect("removed");
        self.folder = PathBuf::from(folder.trim());
        lock(&self.folder);
    }

    /// Line for line where commands ended; of what goes on running, each line when it comes.
    fn compare(&mut self, text: &str) {
        let text = text.replace(ADDRESS, "…");
        let is_of_the_running = self.running.as_ref().is_some_and(|_| is_said_by_the_running(&text));
        for line in text.lines().filter(|line| !line.trim().is_empty() && *line != "…") {
            if !is_of_the_running {
                assert!(self.printed.lines().any(|printed| fits(printed, line)), "{line:?} in\n{}", self.printed);
                continue;
            }
            let running = self.running.as_mut().expect("it runs");
            if line.ends_with("[y/N] y") {
                running.wait_for("[y/N]", PATIENCE);
                running.type_in("y\n");
                continue;
            }
            let found =
                running.wait_until(PATIENCE, |printed| printed.lines().find(|it| fits(it, line)).map(str::to_owned));
            if let Some((_, url)) = found.split_once("http://") {
                let address = url.split('/').next().expect("an address");
                self.url = format!("http://{address}");
            }
            if line.contains("is served") {
                eprintln!("{found}; {} ms after it was saved", self.saved.elapsed().as_millis());
            }
        }
        // What is announced next is to be said once more.
        self.running.iter_mut().filter(|_| is_of_the_running).for_each(Terminal::forget);
    }
}

fn is_said_by_the_running(text: &str) -> bool {
    text.contains("is served") || text.contains("ready at")
}

/// Whether a line is as it was announced, where `…` stands for anything.
fn fits(line: &str, announced: &str) -> bool {
    let mut rest = line.trim_end();
    let parts: Vec<_> = announced.trim_end().split('…').collect();
    for (at, part) in parts.iter().enumerate() {
        match rest.find(part) {
            Some(found) if at > 0 || found == 0 => rest = &rest[found + part.len()..],
            _ => return false,
        }
    }
    rest.is_empty() || announced.trim_end().ends_with('…')
}

/// The versions that this repository is tested with: what a registry says today is no part of the test.
fn lock(folder: &Path) {
    let locked = folder.join("Cargo.lock");
    if folder.join("Cargo.toml").exists() && !locked.exists() {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        std::fs::copy(own, locked).expect("copied");
    }
}

/// Does what a page says, which has at least so many blocks.
fn follow(page: &str, least: usize) {
    if without_plugins() {
        return;
    }
    let folder = tempfile::Builder::new().prefix("basalt").tempdir().expect("a folder");
    let blocks = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page));
    assert!(blocks.len() >= least, "only {}", blocks.len());
    assert!(!given("BASALT_TEST_PLUGINS").is_empty());
    let mut reader = Reader {
        folder: folder.path().to_owned(),
        running: None,
        url: ADDRESS.to_owned(),
        printed: String::new(),
        saved: Instant::now(),
    };
    for (at, block) in blocks.iter().enumerate() {
        reader.follow(block, blocks.get(at + 1));
    }
    reader.running.into_iter().for_each(Terminal::interrupt);
}

#[test]
fn the_five_minutes_go_as_they_are_written() {
    follow("writing-plugins.md", 31);
}

#[test]
fn so_do_those_in_javascript() {
    follow("javascript.md", 14);
}

#[test]
fn an_announced_line_may_leave_open_what_differs() {
    for (line, announced, is_fit) in [
        ("a", "a", true),
        ("a ", "a", true),
        ("ab", "a", false),
        ("a 1.2 s", "a … s", true),
        ("a 1.2 s later", "a … s", false),
        ("x a 1 s", "a … s", false),
        ("ab", "a…", true),
    ] {
        assert_eq!(fits(line, announced), is_fit, "{line} {announced}");
    }
}
