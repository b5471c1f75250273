//! What is wrong, where, and what a reader must do about it.

/// A way in which a file, a line or the list is at fault.
///
/// These are all faults that price tables are known to have, except an input that changes while it
/// is read: no file at rest can show that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// All fields are blank but the date: the market was closed.
    ClosedDay,
    /// The same, followed by a line of the same date with all its fields.
    ClosedDayThenTraded,
    /// A whole number of shares written as `1234.0`, as all of a file with blank volumes are.
    VolumeWithPoint,
    /// Some field is blank.
    BlankField,
    /// Some field, or all, are `null`.
    NullField,
    /// A field is `nan`.
    NanField,
    /// A field is infinite, or a number too large for a float64.
    InfiniteField,
    /// A field is not a number.
    NotANumber,
    /// Open, High, Low or Close is negative.
    NegativePrice,
    /// Volume is negative.
    NegativeVolume,
    /// Volume has a fraction other than zero.
    FractionalVolume,
    /// Too many or too few fields, on so few lines that the file is still good: 9 of 250 lines in
    /// one file, 12 of 1,200 in another.
    RaggedLine,
    /// The last line ends in the middle, without a line feed.
    TruncatedLine,
    /// The date is blank, impossible or written in another way.
    BadDate,
    /// Volume does not fit 32 bits.
    LargeVolume,
    /// Open is 0.
    ZeroOpen,
    /// Volume is 0.
    ZeroVolume,
    /// Adj Close is negative.
    NegativeAdjClose,
    /// High is below Low.
    HighBelowLow,
    /// From this line on all prices are twentyfold: over ten times the line before.
    TenfoldJump,
    /// The date and all else repeat an earlier line; `lines` are the repetitions.
    IdenticalRepeatedDate,
    /// A later line has the same date and another volume; `lines` are the earlier ones.
    DifferentRepeatedDate,
    /// `lines` are those with a date before that of the line above.
    DatesOutOfOrder,
    /// Lines end with CR LF.
    CarriageReturns,
    /// The file starts with a byte-order mark.
    ByteOrderMark,
    /// The columns come in another order.
    ReorderedColumns,
    /// The file has no bytes.
    EmptyFile,
    /// There is no column Volume.
    MissingColumns,
    /// The bytes are no UTF-8.
    NotText,
    /// Ragged lines, over 1 % and at least 10.
    RaggedFile,
    /// A header without rows.
    HeaderOnly,
    /// 12 good rows: fewer than a window.
    ShortFile,
    /// The list has a symbol without a file.
    ListedWithoutFile,
    /// A file that is not in the list.
    UnlistedFile,
    /// The list has the symbol without a name.
    EmptyName,
    /// The list has the symbol again, with another name.
    ListedTwice,
    /// The name of a file is no symbol: it has a blank, or 17 letters. It is not in the list.
    UnsafeFileName,
    /// The list has a symbol that leads out of the folder. There is no such file.
    UnsafeListedSymbol,
    /// The symbol has a file in `stocks/` and another in `etfs/`.
    TwoFiles,
}

/// What a reader must do with the faulty lines, or with the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The lines are discarded and counted.
    Discarded,
    /// The lines are merged with the equal lines before them.
    Merged,
    /// The lines go to quarantine.
    RowQuarantined,
    /// The whole file goes to quarantine; none of its lines count as read.
    FileQuarantined,
    /// Every line is read as it stands.
    Kept,
    /// The file is processed; its security has no name.
    NullName,
    /// The line of the list is reported; it adds neither rows nor a name.
    Reported,
}

/// One fault where it lies.
///
/// A file has one fault, except that `ClosedDay` and `ClosedDayThenTraded` come with
/// `VolumeWithPoint`; all its other lines are good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlantedFault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The price file or list, under the folder of the market, with `/` between its parts.
    pub path: String,
    /// The ticker: as its file is named, or as the list writes it.
    pub symbol: String,
    /// The lines at fault, growing; the header is line 1. Empty where the file as a whole is.
    pub lines: Vec<u64>,
    /// What a reader must do.
    pub outcome: Outcome,
}
