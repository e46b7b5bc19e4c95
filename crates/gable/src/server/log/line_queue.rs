//! A queue of log lines for standard error. Worker threads only add lines to the bounded queue; a separate thread
//! writes them.
//!
//! Standard error may be a full disk, a pipe that nobody reads or a closed pipe. None of these may block a request,
//! so a line that does not fit into the queue or cannot be written is dropped and counted.

use std::cell::Cell;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Maximum number of waiting lines.
const MAX_LINES: usize = 8192;
/// Maximum bytes of waiting lines: the cause of an error may be long.
const MAX_BYTES: usize = 2 * 1024 * 1024;
/// A larger buffer, in bytes, is freed after it was written.
const KEPT_BYTES: usize = 64 * 1024;
/// Pause before the next attempt if standard error is non-blocking and full.
const FULL_STREAM_PAUSE: Duration = Duration::from_millis(20);

thread_local! {
    /// True on the writer thread. Its own line, the number of dropped lines, is always accepted.
    static WRITES: Cell<bool> = const { Cell::new(false) };
}

/// The queue of log lines; clones share it.
#[derive(Clone)]
pub(super) struct LineQueue(Arc<QueueState>);

#[derive(Default)]
struct QueueState {
    state: Mutex<State>,
    /// Signals that there are lines to write.
    filled: Condvar,
    /// Signals that all lines have been written or dropped.
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Batch,
    dropped: u64,
    /// True while a batch is being written.
    writing: bool,
}

#[derive(Default)]
struct Batch {
    text: Vec<u8>,
    /// The end of each line: a log entry may contain line breaks.
    ends: Vec<usize>,
}

impl LineQueue {
    /// Starts the thread that writes to `sink`. Once lines can be written again, that thread calls `report` with the
    /// number of dropped lines; `report` should add a line to this queue.
    pub(super) fn start(sink: impl Write + Send + 'static, report: impl Fn(u64) + Send + 'static) -> Self {
        let queue = Self(Arc::default());
        let state = queue.0.clone();
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || Writer { sink, inside_line: false, dropped: 0, reported: 0 }.run(&state, report))
            .expect("the system gives a starting process one more thread");
        queue
    }

    /// Adds one line, with its line break. Never blocks.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.0.state();
        let fits = state.waiting.ends.len() < MAX_LINES && state.waiting.text.len() + line.len() <= MAX_BYTES;
        if !fits && !WRITES.get() {
            state.dropped += 1;
            return;
        }
        state.waiting.text.extend_from_slice(line);
        let end = state.waiting.text.len();
        state.waiting.ends.push(end);
        self.0.filled.notify_one();
    }

    /// Waits until all lines have been written or dropped, at most for `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let busy = |state: &mut State| state.writing || !state.waiting.ends.is_empty();
        drop(self.0.emptied.wait_timeout_while(self.0.state(), patience, busy));
    }
}

impl<'q> MakeWriter<'q> for LineQueue {
    type Writer = LineWriter<'q>;

    fn make_writer(&'q self) -> LineWriter<'q> {
        LineWriter(self)
    }
}

/// `tracing_subscriber` writes each event in one call.
pub(super) struct LineWriter<'q>(&'q LineQueue);

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl QueueState {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for lines and takes all of them.
    fn take(&self) -> Batch {
        let mut state = self.state();
        state.writing = false;
        while state.waiting.ends.is_empty() {
            self.emptied.notify_all();
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writing = true;
        std::mem::take(&mut state.waiting)
    }

    /// Returns the buffers of a batch to the queue, unless lines arrived meanwhile or the buffers are large.
    fn recycle(&self, mut batch: Batch) -> u64 {
        let mut state = self.state();
        if state.waiting.ends.is_empty() && batch.text.capacity() <= KEPT_BYTES {
            batch.text.clear();
            batch.ends.clear();
            state.waiting = batch;
        }
        std::mem::take(&mut state.dropped)
    }
}

struct Writer<S> {
    sink: S,
    /// The last write failed inside a line.
    inside_line: bool,
    /// Dropped lines that have not been reported.
    dropped: u64,
    /// Dropped lines whose report waits in the queue.
    reported: u64,
}

impl<S: Write> Writer<S> {
    fn run(mut self, state: &QueueState, report: impl Fn(u64)) {
        WRITES.set(true);
        loop {
            let batch = state.take();
            let lost = self.write(&batch);
            self.dropped += state.recycle(batch) + lost;
            if lost > 0 {
                // The report may be among the lost lines.
                self.dropped += std::mem::take(&mut self.reported);
                continue;
            }
            self.reported = std::mem::take(&mut self.dropped);
            if self.reported > 0 {
                report(self.reported);
            }
        }
    }

    /// Writes a batch; returns the number of lost lines.
    fn write(&mut self, batch: &Batch) -> u64 {
        if self.inside_line && self.write_some(b"\n") == 0 {
            return batch.ends.len() as u64;
        }
        let written = self.write_some(&batch.text);
        let lost = batch.ends.len() - batch.ends.partition_point(|end| *end <= written);
        self.inside_line = written > 0 && lost > 0 && batch.ends.binary_search(&written).is_err();
        lost as u64
    }

    /// Writes until an error; returns the number of bytes written.
    fn write_some(&mut self, text: &[u8]) -> usize {
        let mut written = 0;
        while written < text.len() {
            match self.sink.write(&text[written..]) {
                Ok(0) => break,
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(FULL_STREAM_PAUSE),
                Err(_) => break,
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const FLUSH_TIMEOUT: Duration = Duration::from_secs(30);

    /// A stream whose writes wait until the test decides whether they succeed.
    struct Gate {
        allowed: Receiver<bool>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gate {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            match self.allowed.recv() {
                Ok(true) | Err(_) => {
                    self.written.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(text);
                    Ok(text.len())
                }
                Ok(false) => Err(io::Error::from(ErrorKind::StorageFull)),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (LineQueue, Sender<bool>, impl Fn() -> String) {
        let (allow, allowed) = channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let gate = Gate { allowed, written: written.clone() };
        let itself: Arc<OnceLock<LineQueue>> = Arc::default();
        let known = itself.clone();
        let report = move |count| {
            if let Some(queue) = known.get() {
                queue.push(format!("dropped {count}\n").as_bytes());
            }
        };
        let queue = LineQueue::start(gate, report);
        let _ = itself.set(queue.clone());
        let text = move || {
            let bytes = written.lock().unwrap_or_else(PoisonError::into_inner).clone();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        (queue, allow, text)
    }

    #[test]
    fn lines_come_out_in_their_order() {
        let (queue, allow, text) = gated();
        drop(allow);
        (0..1000).for_each(|number| queue.push(format!("{number}\n").as_bytes()));
        queue.flush(FLUSH_TIMEOUT);
        assert_eq!(text(), (0..1000).map(|number| format!("{number}\n")).collect::<String>());
    }

    #[test]
    fn a_stuck_stream_blocks_no_caller_and_dropped_lines_are_counted_afterwards() {
        let (queue, allow, text) = gated();
        let lines = 3 * MAX_LINES;
        (0..lines).for_each(|_| queue.push(b"line\n"));
        queue.flush(Duration::from_millis(10));
        assert_eq!(text(), "", "flushing gives up");
        drop(allow);
        queue.flush(FLUSH_TIMEOUT);
        let text = text();
        let written = text.lines().filter(|line| *line == "line").count();
        assert!((MAX_LINES..=2 * MAX_LINES).contains(&written), "{written}");
        assert!(text.ends_with(&format!("dropped {}\n", lines - written)), "{}", &text[text.len() - 40..]);
    }

    #[test]
    fn long_lines_are_bounded_by_their_bytes() {
        let (queue, _allow, _) = gated();
        let line = vec![b'x'; 64 * 1024];
        (0..200).for_each(|_| queue.push(&line));
        let state = queue.0.state();
        assert!(state.waiting.text.len() <= MAX_BYTES && state.dropped > 0, "{}", state.waiting.text.len());
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted_once_they_can() {
        let (queue, allow, text) = gated();
        for _ in 0..3 {
            queue.push(b"lost\n");
            allow.send(false).expect("the writer waits");
            queue.flush(FLUSH_TIMEOUT);
        }
        queue.push(b"kept\n");
        drop(allow);
        queue.flush(FLUSH_TIMEOUT);
        assert_eq!(text(), "kept\ndropped 3\n");
    }
}
