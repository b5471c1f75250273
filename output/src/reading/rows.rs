//! The rows of a selection, read as they are taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use futures::stream::{Stream, try_unfold};
use market::feature_rows::FeatureRows;
use market::store::Store;

use super::error::ReadError;
use super::file::StoredFile;
use super::selection::Selection;

/// The rows of a selection in batches, by symbol and date. Batches of no rows are left out.
///
/// One file is in memory at a time, and a batch is decoded when it is asked for, on a thread for blocking work. `decoded`
/// counts the rows. A file whose digest is not the one committed is an error, before any row of it is handed out.
pub fn batches(
    out: Store,
    selection: Selection,
    decoded: Arc<AtomicU64>,
) -> impl Stream<Item = Result<RecordBatch, ReadError>> + Send + 'static {
    let reader = Reader {
        out,
        selection: Arc::new(selection),
        decoded,
        next_file: 0,
        open: None,
    };
    try_unfold(reader, |mut reader| async move {
        let batch = reader.next().await?;
        Ok(batch.map(|batch| (batch, reader)))
    })
}

struct Reader {
    out: Store,
    selection: Arc<Selection>,
    decoded: Arc<AtomicU64>,
    /// How many files were opened.
    next_file: usize,
    open: Option<OpenFile>,
}

/// A file that is being read.
struct OpenFile {
    rows: FeatureRows,
    /// Where it is, for errors.
    location: String,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        loop {
            let file = match self.open.take() {
                Some(file) => file,
                None => match self.open_next().await? {
                    Some(file) => file,
                    None => return Ok(None),
                },
            };
            let location = file.location.clone();
            let schema = Arc::clone(self.selection.schema());
            let decode = move || {
                let mut file = file;
                let batch = file.rows.next().transpose();
                // The committed schema is the contract, nulls where none may be included.
                let batch = batch.and_then(|batch| {
                    let checked =
                        |batch: RecordBatch| RecordBatch::try_new(schema, batch.columns().to_vec());
                    Ok(batch.map(checked).transpose()?)
                });
                match batch {
                    Ok(batch) => Ok((file, batch)),
                    Err(source) => Err(ReadError::Undecodable {
                        path: file.location,
                        source,
                    }),
                }
            };
            let (file, batch) = off_the_async_threads(location, decode).await?;
            let Some(batch) = batch else {
                continue; // the file is at its end
            };
            let rows = batch.num_rows() as u64;
            self.decoded.fetch_add(rows, Ordering::Relaxed);
            self.open = Some(file);
            return Ok(Some(batch));
        }
    }

    async fn open_next(&mut self) -> Result<Option<OpenFile>, ReadError> {
        let selection = Arc::clone(&self.selection);
        let Some(file) = selection.file(self.next_file) else {
            return Ok(None);
        };
        let stored = StoredFile::read(&self.out, selection.run(), file).await?;
        let number = self.next_file;
        self.next_file += 1;
        let location = stored.location.clone();
        let opened = off_the_async_threads(location, move || open(stored, &selection, number));
        opened.await.map(Some)
    }
}

fn open(stored: StoredFile, selection: &Selection, number: usize) -> Result<OpenFile, ReadError> {
    let file = selection.file(number).expect("its bytes were read");
    let location = stored.location.clone();
    let bytes = stored.check(&file.blake3)?;
    let columns = selection.schema().fields().iter();
    let names: Vec<&str> = columns.map(|field| field.name().as_str()).collect();
    match FeatureRows::open(bytes, &names, selection.days()) {
        Ok(rows) => Ok(OpenFile { rows, location }),
        Err(source) => Err(ReadError::Undecodable {
            path: location,
            source,
        }),
    }
}

async fn off_the_async_threads<T: Send + 'static>(
    path: String,
    work: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ReadError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(ReadError::Broken {
            path,
            message: error.to_string(),
        }),
    }
}
