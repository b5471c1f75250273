//! The queue of submissions: one runs, the others wait for their turn. Pure.

use std::collections::VecDeque;

use crate::submission::Submission;

/// Submissions in the order of their turns.
#[derive(Debug)]
pub(crate) struct Queue {
    capacity: usize,
    running: Option<Submission>,
    waiting: VecDeque<Submission>,
}

/// Too many wait already.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{waiting} jobs wait already: try again when one is done, or raise cluster.max_queued")]
pub(crate) struct QueueFull {
    waiting: usize,
}

/// Where a submission was when it was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelledFrom {
    /// It waited, and is gone.
    Waiting,
    /// It runs, and has to be stopped.
    Running,
    /// It is not here.
    Nowhere,
}

impl Queue {
    /// An empty queue in which so many may wait.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            running: None,
            waiting: VecDeque::new(),
        }
    }

    /// Whether a submission of this name runs or waits.
    pub(crate) fn has(&self, name: &str) -> bool {
        let mut all = self.running.iter().chain(&self.waiting);
        all.any(|other| other.name == name)
    }

    /// A submission lines up, unless it is here already.
    pub(crate) fn submit(&mut self, submission: Submission) -> Result<(), QueueFull> {
        if self.has(&submission.name) {
            return Ok(());
        }
        if self.waiting.len() >= self.capacity {
            return Err(QueueFull {
                waiting: self.waiting.len(),
            });
        }
        self.waiting.push_back(submission);
        Ok(())
    }

    /// The submission whose turn it is, where nothing runs. It runs until it is said to have ended.
    pub(crate) fn begin_next(&mut self) -> Option<Submission> {
        if self.running.is_some() {
            return None;
        }
        self.running = self.waiting.pop_front();
        self.running.clone()
    }

    /// The running submission has ended.
    pub(crate) fn ended(&mut self, name: &str) {
        let ended = self.running.take();
        let ended = ended.map(|submission| submission.name);
        assert_eq!(ended.as_deref(), Some(name), "what runs has ended");
    }

    /// Takes a submission out of the queue; one that runs is left to the caller.
    pub(crate) fn cancel(&mut self, name: &str) -> CancelledFrom {
        if self.running().is_some_and(|running| running.name == name) {
            return CancelledFrom::Running;
        }
        let Some(place) = self.waiting().position(|other| other.name == name) else {
            return CancelledFrom::Nowhere;
        };
        self.waiting.remove(place);
        CancelledFrom::Waiting
    }

    /// The submission that runs.
    pub(crate) fn running(&self) -> Option<&Submission> {
        self.running.as_ref()
    }

    /// The submissions that wait, in the order of their turns.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Submission> {
        self.waiting.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{CancelledFrom, Queue};
    use crate::submission::Submission;

    fn names(queue: &Queue) -> Vec<&str> {
        queue
            .waiting()
            .map(|waiting| waiting.name.as_str())
            .collect()
    }

    #[test]
    fn one_runs_and_the_others_wait_in_order_each_once() {
        let mut queue = Queue::new(2);
        for name in ["a", "a", "b"] {
            queue.submit(Submission::named(name)).unwrap();
        }
        assert_eq!(queue.begin_next().unwrap().name, "a");
        assert!(queue.begin_next().is_none(), "one runs");
        queue.submit(Submission::named("a")).unwrap();
        queue.submit(Submission::named("c")).unwrap();
        assert_eq!(names(&queue), ["b", "c"]);
        assert!(queue.submit(Submission::named("d")).is_err(), "it is full");
        queue
            .submit(Submission::named("c"))
            .expect("it is here already");
        queue.ended("a");
        assert_eq!(queue.running(), None);
        assert_eq!(queue.begin_next().unwrap().name, "b");
    }

    #[test]
    fn a_cancelled_one_loses_its_turn() {
        let mut queue = Queue::new(9);
        for name in ["a", "b", "c"] {
            queue.submit(Submission::named(name)).unwrap();
        }
        queue.begin_next();
        assert_eq!(queue.cancel("a"), CancelledFrom::Running);
        assert_eq!(queue.cancel("b"), CancelledFrom::Waiting);
        assert_eq!(queue.cancel("b"), CancelledFrom::Nowhere);
        assert_eq!(names(&queue), ["c"]);
    }
}
