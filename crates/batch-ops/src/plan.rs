//! From rows to chunks: checks, duplicates, order, cuts (pure).

mod cut;
mod keys;

use crate::config::{BatchConfig, Commit};
use crate::error::{Error, RowFault, TableFault};
use crate::executor::Operation;
use crate::limits::Limits;
use crate::record::{Column, Record, Row, Table};
use crate::report::Outcome;
use crate::value::{Kind, Value};

pub(crate) use cut::Cut;

/// Everything that is decided before the first statement.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) shape: Shape,
    /// The rows to send, by their place in the input, chunk after chunk.
    pub(crate) chunks: Vec<Vec<usize>>,
    /// Rows and bytes up to the end of each chunk.
    pub(crate) ends: Vec<(usize, usize)>,
    /// Rows of a chunk as long as they come.
    pub(crate) full_rows: usize,
    /// One for each row of the input. Those of rows to send are overwritten when they are sent.
    pub(crate) outcomes: Vec<Outcome>,
}

/// What of a record an operation sends.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) operation: Operation,
    pub(crate) table: Table,
    pub(crate) columns: Vec<Column>,
}

impl Shape {
    /// Checks the table of a record type for an operation.
    pub(crate) fn new(operation: Operation, table: Table) -> Result<Self, Error> {
        let fault = |fault| Err(Error::Table { table: table.name, fault });
        if table.columns.is_empty() {
            return fault(TableFault::NoColumns);
        }
        for (index, column) in table.columns.iter().enumerate() {
            if table.columns[..index].iter().any(|other| other.name == column.name) {
                return fault(TableFault::NamedTwice { column: column.name });
            }
            if column.key && column.kind == Kind::F64 {
                return fault(TableFault::FloatKey { column: column.name });
            }
        }
        let keys = table.columns.iter().filter(|column| column.key).count();
        if operation.uses_key() && keys == 0 {
            return fault(TableFault::NoKey);
        }
        if operation == Operation::Update && keys == table.columns.len() {
            return fault(TableFault::OnlyKey);
        }
        let sent = |column: &&Column| operation != Operation::Delete || column.key;
        let columns = table.columns.iter().filter(sent).copied().collect();
        Ok(Self { operation, table, columns })
    }

    /// Appends the values of one record that the operation sends; returns their bytes.
    pub(crate) fn read<'a, R: Record>(
        &self,
        record: &'a R,
        into: &mut Vec<Value<'a>>,
    ) -> Result<usize, RowFault> {
        let start = into.len();
        record.values(&mut Row::new(into));
        self.check(&into[start..])?;
        if self.operation == Operation::Delete {
            let mut columns = self.table.columns.iter();
            let values = into.split_off(start);
            into.extend(values.into_iter().filter(|_| columns.next().is_some_and(|c| c.key)));
        }
        Ok(into[start..].iter().map(Value::size).sum())
    }

    fn check(&self, values: &[Value<'_>]) -> Result<(), RowFault> {
        let columns = self.table.columns;
        if values.len() != columns.len() {
            return Err(RowFault::Columns { expected: columns.len(), found: values.len() });
        }
        for (column, value) in columns.iter().zip(values) {
            match value.kind() {
                Some(found) if found != column.kind => {
                    let expected = column.kind;
                    return Err(RowFault::Kind { column: column.name, expected, found });
                }
                None if column.key && self.operation.uses_key() => {
                    return Err(RowFault::NullKey { column: column.name });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Plan {
    /// Rows and bytes of all chunks.
    pub(crate) fn total(&self) -> (usize, usize) {
        self.ends.last().copied().unwrap_or_default()
    }
}

/// Plans a call: reads every row once, so that a bad one is found before the first statement.
pub(crate) fn plan<R: Record>(
    operation: Operation,
    rows: &[R],
    config: &BatchConfig,
    limits: Limits,
) -> Result<Plan, Error> {
    let shape = Shape::new(operation, R::TABLE)?;
    let cut = Cut::new(config, limits, &shape)?;
    let survey = survey(&shape, rows, limits.max_row_bytes)?;
    // Without keys the empty survey leaves every row in the order of the input.
    let mut outcomes = vec![Outcome::Refused; rows.len()];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    if operation.uses_key() {
        order = survey.keys.resolve(config.duplicates, shape.table.name, &mut outcomes)?;
        if config.commit == Commit::EachChunk {
            // Locks end with the chunk, so sorting inside of it is enough, and chunks in the
            // order of the input let a caller resume.
            order.sort_unstable();
        }
    }
    let ranges = cut.chunks(order.iter().map(|row| survey.sizes[*row]));
    let mut chunks: Vec<Vec<usize>> = Vec::with_capacity(ranges.len());
    let mut ends = Vec::with_capacity(ranges.len());
    let mut bytes = 0;
    for range in ranges {
        let end = range.end;
        let mut chunk = order[range].to_vec();
        bytes += chunk.iter().map(|row| survey.sizes[*row]).sum::<usize>();
        ends.push((end, bytes));
        if operation.uses_key() && config.commit == Commit::EachChunk {
            survey.keys.sort(&mut chunk);
        }
        chunks.push(chunk);
    }
    Ok(Plan { shape, chunks, ends, full_rows: cut.rows(), outcomes })
}

struct Survey<'a> {
    sizes: Vec<usize>,
    keys: keys::Keys<'a>,
}

fn survey<'a, R: Record>(
    shape: &Shape,
    rows: &'a [R],
    max_bytes: usize,
) -> Result<Survey<'a>, Error> {
    let table = shape.table.name;
    let mut keys = keys::Keys::new(&shape.columns);
    let mut sizes = Vec::with_capacity(rows.len());
    let mut values = Vec::with_capacity(shape.table.columns.len());
    for (row, record) in rows.iter().enumerate() {
        values.clear();
        let bytes =
            shape.read(record, &mut values).map_err(|fault| Error::Row { table, row, fault })?;
        if bytes > max_bytes {
            let fault = RowFault::TooLarge { bytes, limit: max_bytes };
            return Err(Error::Row { table, row, fault });
        }
        sizes.push(bytes);
        if shape.operation.uses_key() {
            keys.add(&mut values);
        }
    }
    Ok(Survey { sizes, keys })
}
