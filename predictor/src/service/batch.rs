//! Micro-batching: rows that wait on one thread at the same moment are predicted together.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::served::ServedModel;

/// The rows that wait on a thread.
#[derive(Default)]
pub(super) struct Batcher {
    waiting: RefCell<Option<Waiting>>,
}

struct Waiting {
    model: Arc<ServedModel>,
    rows: Vec<f32>,
    answers: Vec<oneshot::Sender<f64>>,
}

impl Batcher {
    /// The prediction for a row, made together with those that the thread comes to before it has nothing else to do. A row
    /// that is alone is not held back.
    pub(super) async fn predict(self: &Rc<Self>, model: &Arc<ServedModel>, row: &[f32]) -> f64 {
        let (answer, predicted) = oneshot::channel();
        let is_first = self.add(model, row, answer);
        if is_first {
            let batcher = Rc::clone(self);
            actix_web::rt::spawn(async move {
                // Requests that have arrived already have their turn first.
                tokio::task::yield_now().await;
                batcher.answer_all();
            });
        }
        match predicted.await {
            Ok(prediction) => prediction,
            // The task that answers was dropped with the thread's runtime; this one will be too.
            Err(_) => model.predict(row),
        }
    }

    /// Adds a row, and tells whether it is the first.
    fn add(&self, model: &Arc<ServedModel>, row: &[f32], answer: oneshot::Sender<f64>) -> bool {
        let other_model = self
            .waiting
            .borrow()
            .as_ref()
            .is_some_and(|waiting| !Arc::ptr_eq(&waiting.model, model));
        if other_model {
            self.answer_all();
        }
        let mut waiting = self.waiting.borrow_mut();
        let is_first = waiting.is_none();
        let waiting = waiting.get_or_insert_with(|| Waiting {
            model: Arc::clone(model),
            rows: Vec::new(),
            answers: Vec::new(),
        });
        waiting.rows.extend_from_slice(row);
        waiting.answers.push(answer);
        is_first
    }

    fn answer_all(&self) {
        let Some(waiting) = self.waiting.borrow_mut().take() else {
            return;
        };
        let predictions = waiting.model.predict_rows(&waiting.rows);
        for (answer, prediction) in waiting.answers.into_iter().zip(predictions) {
            // Nobody waits where the client has gone.
            let _ = answer.send(prediction);
        }
    }
}
