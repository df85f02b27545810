//! The rows of the groups.

use alloc::vec::Vec;

use p3_field::PrimeCharacteristicRing;
use relation::Tensor;

use super::{Reused, Secret};
use crate::block::BlockReader;
use crate::claims::Unread;
use crate::description::{Description, degree};
use crate::opening::{Rows, Spread};
use crate::profile::{F, Profile};
use crate::stack::{Group, GroupKind, tail};

/// The rows of a group, read out of the columns on demand.
pub(crate) struct GroupRows<'a, P: Profile> {
    log_len: usize,
    /// The blocks of every row, by position in the row.
    blocks: Vec<Vec<(usize, usize, BlockReader<'a>)>>,
    mask_rows: usize,
    secret: Option<&'a Secret<P::E>>,
}

impl<'a, P: Profile> GroupRows<'a, P> {
    pub(crate) fn new(
        description: &Description<P>,
        group: &Group,
        columns: &'a [Tensor],
        secret: Option<&'a Secret<P::E>>,
    ) -> Self {
        let log_len = description.stack().log_len;
        let mut blocks: Vec<Vec<_>> = (0..group.layout.rows).map(|_| Vec::new()).collect();
        for block in &group.layout.blocks {
            let reader = BlockReader::new(&columns[group.columns[block.tensor]], &block.axes);
            let start = block.offset & ((1 << log_len) - 1);
            blocks[block.offset >> log_len].push((start, 1 << block.log_size(), reader));
        }
        for row in &mut blocks {
            row.sort_by_key(|(start, ..)| *start);
        }
        let secret = secret.filter(|_| group.kind == GroupKind::Witness);
        Self {
            log_len,
            blocks,
            mask_rows: group.mask_rows,
            secret,
        }
    }
}

impl<P: Profile> Rows for GroupRows<'_, P> {
    fn rows(&self) -> usize {
        let mask = if self.secret.is_some() {
            degree::<P>()
        } else {
            0
        };
        self.blocks.len() + self.mask_rows + mask
    }

    fn own(&self) -> usize {
        self.rows() - self.blocks.len()
    }

    fn spread(&self) -> Spread {
        let data = self.blocks.len();
        Spread {
            rows: data..data + self.mask_rows,
            log: { self.secret }.map_or(0, |secret| secret.masks.shape().log_spread),
        }
    }

    fn write(&self, row: usize, start: usize, coefficients: &mut [F]) {
        let Some(blocks) = self.blocks.get(row) else {
            let Some(secret) = self.secret else {
                coefficients.fill(F::ZERO);
                return;
            };
            let row = row - self.blocks.len();
            match row.checked_sub(self.mask_rows) {
                None => secret.masks.write(row, start, coefficients),
                Some(coordinate) => {
                    let from = (coordinate << self.log_len) + start;
                    coefficients
                        .copy_from_slice(&secret.polynomial[from..from + coefficients.len()]);
                }
            }
            return;
        };
        coefficients.fill(F::ZERO);
        let end = start + coefficients.len();
        let first = blocks.partition_point(|(at, len, _)| at + len <= start);
        for (at, len, reader) in blocks[first..].iter().take_while(|(at, ..)| *at < end) {
            let (from, to) = ((*at).max(start), (at + len).min(end));
            reader.read(from - at, &mut coefficients[from - start..to - start]);
        }
    }
}

/// What the claims step finds in the stack beside the columns.
pub(super) fn unread<P: Profile>(
    description: &Description<P>,
    groups: &[Reused<'_, P>],
) -> Unread<F> {
    let stack = description.stack();
    let mut unread = Unread::new();
    for (group, reused) in stack.groups.iter().zip(groups) {
        for row in 0..group.layout.rows {
            let first = (group.first_row + row) << stack.log_len;
            let mut hidden = reused.committed.hidden(row);
            for (offset, len) in tail(stack.log_len, group.hidden) {
                let (now, later) = hidden.split_at(len);
                unread.push((first + offset, now.to_vec()));
                hidden = later;
            }
        }
    }
    unread
}
