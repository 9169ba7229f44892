//! What the thread does, without the thread: entries wait, are written together, and wait longer while nothing can be
//! written. Takes the time as an argument.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use crate::book::Book;
use crate::error::StoreError;
use crate::file;
use crate::query::{History, Query};
use crate::record::Entry;
use crate::{Place, reader};

/// Entries that wait for a disk that takes none; then the oldest go.
const PENDING: usize = 2048;
/// Commits are at least this far apart: each is a write of the flash card.
const COMMIT: Duration = Duration::from_secs(1);
/// First and longest wait before a file that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);
/// What is too old is looked for this often.
const PRUNE: Duration = Duration::from_secs(3600);

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Days; 0: nothing is kept, and what was kept is removed.
    pub keep_days: u32,
    /// Size of the file.
    pub max_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            keep_days: 365,
            max_bytes: 64 << 20,
        }
    }
}

/// What happened to the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It was set aside and another one begun.
    Aside {
        /// Its name now.
        now: PathBuf,
        /// Why.
        why: StoreError,
    },
    /// Nothing is kept from now on, and why.
    Trouble(StoreError),
    /// That is over.
    Recovered,
}

/// The state of the history.
#[derive(Debug)]
pub(crate) struct Writer {
    place: Place,
    limits: Limits,
    run: u64,
    book: Option<Book>,
    pending: VecDeque<Entry>,
    lost: u64,
    kept: u64,
    trouble: Option<StoreError>,
    retry_at: Duration,
    pause: Duration,
    next_write: Duration,
    next_prune: Duration,
    /// Nothing is to be kept, and nothing is.
    emptied: bool,
    news: Vec<News>,
}

impl Writer {
    /// Nothing is opened yet. `run` is the run of the daemon.
    pub(crate) fn new(place: Place, limits: Limits, run: u64) -> Writer {
        Writer {
            place,
            limits,
            run,
            book: None,
            pending: VecDeque::new(),
            lost: 0,
            kept: 0,
            trouble: None,
            retry_at: Duration::ZERO,
            pause: RETRY,
            next_write: Duration::ZERO,
            next_prune: Duration::ZERO,
            emptied: false,
            news: vec![],
        }
    }

    fn is_off(&self) -> bool {
        self.limits.keep_days == 0
    }

    /// Takes an entry, to be written at the next turn that is due.
    pub(crate) fn keep(&mut self, entry: Entry) {
        if self.is_off() {
            return;
        }
        if self.pending.len() >= PENDING {
            self.pending.pop_front();
            self.lost += 1;
        }
        self.pending.push_back(entry);
    }

    /// Other limits, from the next turn on.
    pub(crate) fn limit(&mut self, limits: Limits) {
        self.limits = limits;
        self.next_prune = Duration::ZERO;
        self.emptied = false;
    }

    /// When a turn is due; none: when there is something to do.
    pub(crate) fn due(&self) -> Option<Duration> {
        if self.trouble.is_some() {
            return Some(self.retry_at);
        }
        if self.is_off() {
            return (!self.emptied).then_some(Duration::ZERO);
        }
        let write = (!self.pending.is_empty()).then_some(self.next_write);
        write.into_iter().chain([self.next_prune]).min()
    }

    /// Entries that could not be kept.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// Entries that were written.
    pub(crate) fn kept(&self) -> u64 {
        self.kept
    }

    /// What happened since the last question.
    pub(crate) fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Does what is due. `wall_ms` is in ms since 1970.
    pub(crate) fn turn(&mut self, now: Duration, wall_ms: u64) {
        if self.trouble.is_none() || now >= self.retry_at {
            self.write(now, wall_ms, false);
        }
    }

    /// Writes what waits, whatever the time; the last turn of all.
    pub(crate) fn finish(mut self, now: Duration, wall_ms: u64) -> u64 {
        if !self.pending.is_empty() {
            self.write(now, wall_ms, true);
        }
        self.lost += self.pending.len() as u64;
        if let Some(book) = self.book.take() {
            // What was committed is in the log, which the next start reads.
            let _ = book.close();
        }
        self.lost
    }

    fn write(&mut self, now: Duration, wall_ms: u64, at_once: bool) {
        let mut result = self.step(now, wall_ms, at_once);
        if let Err(why @ StoreError::Broken { .. }) = &result {
            let why = why.clone();
            result = self
                .set_aside(why, wall_ms)
                .and_then(|()| self.step(now, wall_ms, at_once));
        }
        match result {
            Ok(()) => {
                self.pause = RETRY;
                if self.trouble.take().is_some() {
                    self.news.push(News::Recovered);
                }
            }
            Err(why) => self.fail(now, why),
        }
    }

    fn fail(&mut self, now: Duration, why: StoreError) {
        self.book = None;
        self.retry_at = now + self.pause;
        self.pause = (self.pause * 2).min(RETRY_MAX);
        if self.trouble.as_ref() != Some(&why) {
            self.news.push(News::Trouble(why.clone()));
        }
        self.trouble = Some(why);
    }

    /// An open file turned out to be damaged.
    fn set_aside(&mut self, why: StoreError, wall_ms: u64) -> Result<(), StoreError> {
        self.book = None;
        let now = file::set_aside(&self.place.file, &why, wall_ms)
            .map_err(|e| StoreError::system(&self.place.file, &e))?;
        self.news.push(News::Aside { now, why });
        Ok(())
    }

    fn step(&mut self, now: Duration, wall_ms: u64, at_once: bool) -> Result<(), StoreError> {
        if self.is_off() {
            return self.empty(wall_ms);
        }
        let due = at_once || now >= self.next_write;
        let writes = due && !self.pending.is_empty();
        // Somebody has removed or replaced it.
        if writes && self.book.as_ref().is_some_and(|b| !b.is_in_place()) {
            self.book = None;
        }
        let troubled = self.trouble.is_some();
        let book = self.open(wall_ms)?;
        if troubled {
            book.probe()?;
        }
        let mut prunes = false;
        if writes {
            let (Some(book), pending) = (&mut self.book, &self.pending) else {
                return Ok(());
            };
            book.put(pending.iter())?;
            prunes = book.is_too_large(&self.limits)?;
            self.kept += self.pending.len() as u64;
            self.pending.clear();
            self.next_write = now + COMMIT;
        }
        if (prunes || now >= self.next_prune)
            && let Some(book) = &mut self.book
        {
            self.next_prune = now + PRUNE;
            book.prune(&self.limits, wall_ms)?;
        }
        Ok(())
    }

    fn open(&mut self, wall_ms: u64) -> Result<&mut Book, StoreError> {
        match &mut self.book {
            Some(book) => Ok(book),
            none => {
                let (book, aside) = Book::open(&self.place, wall_ms)?;
                if let Some(file::Aside { now, why }) = aside {
                    self.news.push(News::Aside { now, why });
                }
                Ok(none.insert(book))
            }
        }
    }

    /// Nothing is to be kept.
    fn empty(&mut self, wall_ms: u64) -> Result<(), StoreError> {
        self.pending.clear();
        if self.emptied {
            return Ok(());
        }
        if self.place.file.exists() {
            let limits = self.limits;
            self.open(wall_ms)?.prune(&limits, wall_ms)?;
            if let Some(book) = self.book.take() {
                book.close()?;
            }
        }
        self.emptied = true;
        Ok(())
    }

    /// Answers a question, with what waits written before.
    pub(crate) fn ask(
        &mut self,
        question: &Query,
        now: Duration,
        wall_ms: u64,
    ) -> Result<History, StoreError> {
        if self.trouble.is_none() && !self.is_off() {
            self.write(now, wall_ms, true);
        }
        let run = Some(self.run);
        let answer = match (&self.book, &self.trouble) {
            (Some(book), _) => book.ask(question, run),
            // A full disk can still be read.
            (None, Some(trouble)) => {
                let file = &self.place.file;
                reader::read_for(file, question, run).map_err(|_| trouble.clone())
            }
            (None, None) => Ok(History::default()),
        };
        match answer {
            Ok(answer) => Ok(History {
                lost: self.lost,
                trouble: self.trouble.as_ref().map(StoreError::to_string),
                ..answer
            }),
            Err(why @ StoreError::Broken { .. }) if self.book.is_some() => {
                if let Err(worse) = self.set_aside(why.clone(), wall_ms) {
                    self.fail(now, worse);
                }
                Err(why)
            }
            Err(why) => Err(why),
        }
    }

    #[cfg(test)]
    pub(crate) fn book(&self) -> Option<&Book> {
        self.book.as_ref()
    }
}

#[cfg(test)]
mod tests;
