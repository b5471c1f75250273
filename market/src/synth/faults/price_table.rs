//! A price file as lines that can be spoilt one by one.

/// Columns of a price file, as places in a line.
pub(super) const DATE: usize = 0;
pub(super) const OPEN: usize = 1;
pub(super) const HIGH: usize = 2;
pub(super) const LOW: usize = 3;
pub(super) const CLOSE: usize = 4;
pub(super) const ADJ_CLOSE: usize = 5;
pub(super) const VOLUME: usize = 6;

/// The lines of a price file without their ends. Lines are numbered from 1, the header.
pub(super) struct PriceTable {
    pub(super) lines: Vec<String>,
}

impl PriceTable {
    pub(super) fn new(text: &[u8]) -> Self {
        let text = str::from_utf8(text).expect("we rendered text");
        Self {
            lines: text.lines().map(str::to_owned).collect(),
        }
    }

    /// Lines after the header.
    pub(super) fn row_count(&self) -> u64 {
        self.lines.len() as u64 - 1
    }

    /// The numbers of the lines after the header.
    pub(super) fn row_numbers(&self) -> std::ops::RangeInclusive<u64> {
        2..=self.lines.len() as u64
    }

    pub(super) fn line(&mut self, number: u64) -> &mut String {
        &mut self.lines[number as usize - 1]
    }

    /// Puts `line` where the line of this number is, which moves down with all below it.
    pub(super) fn insert(&mut self, number: u64, line: String) {
        self.lines.insert(number as usize - 1, line);
    }

    pub(super) fn fields(&mut self, number: u64) -> Vec<String> {
        self.line(number).split(',').map(str::to_owned).collect()
    }

    pub(super) fn set_fields(&mut self, number: u64, fields: &[String]) {
        *self.line(number) = fields.join(",");
    }

    pub(super) fn set_field(&mut self, number: u64, column: usize, text: &str) {
        let mut fields = self.fields(number);
        text.clone_into(&mut fields[column]);
        self.set_fields(number, &fields);
    }

    /// Every line, ended by `line_end`.
    pub(super) fn to_bytes(&self, line_end: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in &self.lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(line_end.as_bytes());
        }
        bytes
    }
}
