//! The stack: where every committed column lies.
//!
//! Columns are committed in groups: the model (parameters), each sealed group, and the witness (with the lookup
//! multiplicities and the masks). A group is a list of rows of `2^log_len` coefficients; the rows of all groups,
//! one group after the other, are the stack. A point on the stack is `(z_row, z_col)`, most significant first.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use relation::{BlockAxis, Layout, LayoutError, Role, System};

/// The most blocks of all groups together.
const MAX_BLOCKS: usize = 1 << 17;

/// What a group of columns is.
///
/// In stack order: the model, the sealed groups by number, the witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKind {
    /// The parameters, committed once at set-up.
    Model,
    /// Sealed tensors that share one commitment.
    Sealed(usize),
    /// Everything that is committed afresh for each proof.
    Witness,
}

/// One group of columns and its place in the stack.
#[derive(Clone, Debug)]
pub struct Group {
    /// What it is.
    pub kind: GroupKind,
    /// The columns, by index in the system, in the order of the layout's tensors.
    pub columns: Vec<usize>,
    /// Where the columns lie within the group.
    pub layout: Layout,
    /// The first row in the stack.
    pub first_row: usize,
    /// Rows after the layout's own that hold masks.
    pub mask_rows: usize,
    /// Uniform coefficients at the end of each of the layout's rows.
    pub hidden: usize,
}

impl Group {
    /// All rows of the group that belong to the stack.
    pub fn rows(&self) -> usize {
        self.layout.rows.saturating_add(self.mask_rows)
    }
}

/// One block of a column, at its place in the stack.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The box of the tensor.
    pub axes: Vec<BlockAxis>,
    /// The position of its first element, a multiple of its size.
    pub position: usize,
}

impl Placed {
    /// The logarithm of the number of positions.
    pub fn log_size(&self) -> usize {
        self.axes.iter().map(|axis| axis.log).sum()
    }
}

/// The places of all columns.
#[derive(Clone, Debug)]
pub struct Stack {
    /// The logarithm of the number of coefficients of a row.
    pub log_len: usize,
    /// The logarithm of the number of rows, rounded up.
    pub log_rows: usize,
    /// The groups in stack order.
    pub groups: Vec<Group>,
    /// The blocks of every column of the system.
    pub columns: Vec<Vec<Placed>>,
}

impl Stack {
    /// Places the columns of `system` in rows of `2^log_len`.
    ///
    /// `hidden` gives the number of uniform coefficients at the end of each row of a group. There are no rows of masks. A
    /// group without columns (no parameters) is left out, the witness never.
    /// Errors: [`LayoutError`] if the rows are too short.
    pub fn new(
        system: &System,
        log_len: usize,
        hidden: impl Fn(GroupKind) -> usize,
    ) -> Result<Self, LayoutError> {
        let mut groups: Vec<Group> = Vec::new();
        let mut columns: Vec<Vec<Placed>> = alloc::vec![Vec::new(); system.columns().len()];
        let (mut first_row, mut blocks) = (0usize, 0usize);
        for kind in kinds(system) {
            let members: Vec<usize> = system
                .columns()
                .iter()
                .enumerate()
                .filter(|(_, column)| group_of(&column.role) == kind)
                .map(|(index, _)| index)
                .collect();
            let shapes: Vec<Vec<usize>> = members
                .iter()
                .filter_map(|&index| system.columns().get(index))
                .map(|column| column.shape.clone())
                .collect();
            let hidden = hidden(kind);
            let layout = Layout::pack(&shapes, log_len, hidden)?;
            // A layout bounds its own blocks; there may be many groups.
            blocks = blocks.saturating_add(layout.blocks.len());
            if blocks > MAX_BLOCKS {
                return Err(LayoutError::Size);
            }
            let start = first_row
                .checked_shl(u32::try_from(log_len).unwrap_or(u32::MAX))
                .unwrap_or(0);
            for block in &layout.blocks {
                let column = members
                    .get(block.tensor)
                    .and_then(|&index| columns.get_mut(index));
                if let Some(column) = column {
                    column.push(Placed {
                        axes: block.axes.clone(),
                        position: start.saturating_add(block.offset),
                    });
                }
            }
            let group = Group {
                kind,
                columns: members,
                layout,
                first_row,
                mask_rows: 0,
                hidden,
            };
            first_row = first_row.saturating_add(group.rows());
            groups.push(group);
        }
        let stack = Self {
            log_len,
            log_rows: 0,
            groups,
            columns,
        };
        Ok(stack.with_mask_rows(0))
    }

    /// The same columns at the same places, with a number of rows of masks in the witness group.
    #[must_use]
    pub fn with_mask_rows(mut self, mask_rows: usize) -> Self {
        // The witness comes last: no group moves.
        if let Some(witness) = self.groups.last_mut() {
            witness.mask_rows = mask_rows;
        }
        // One row at least is no row of masks: so the weights of the mask polynomial and of the rows of masks cannot
        // cancel, whatever is committed in them.
        let rows = self.rows().max(mask_rows.saturating_add(1));
        self.log_rows = p3_util::log2_ceil_usize(rows);
        self
    }

    /// The number of variables of the stack's multilinear extension.
    pub fn variables(&self) -> usize {
        self.log_len.saturating_add(self.log_rows)
    }

    /// The first row of masks. These are the last rows of the stack; the claims take them for zeros.
    pub fn first_mask_row(&self) -> usize {
        let masks = self.groups.iter().map(|group| group.mask_rows).sum();
        self.rows().saturating_sub(masks)
    }

    /// All rows of all groups.
    pub fn rows(&self) -> usize {
        self.groups.iter().map(Group::rows).sum()
    }
}

/// The groups that a system needs, in stack order.
fn kinds(system: &System) -> Vec<GroupKind> {
    // The numbers of sealed groups are the system's to choose: what counts is how many are used.
    let kinds = system.columns().iter().map(|column| group_of(&column.role));
    let mut kinds: BTreeSet<GroupKind> = kinds.collect();
    kinds.insert(GroupKind::Witness);
    kinds.into_iter().collect()
}

fn group_of(role: &Role) -> GroupKind {
    match role {
        Role::Parameter => GroupKind::Model,
        Role::Sealed(index) => GroupKind::Sealed(*index),
        Role::Witness | Role::Multiplicity => GroupKind::Witness,
    }
}

/// The last `hidden` of `2^log_len` positions as aligned power-of-two ranges: first position and length.
pub fn tail(log_len: usize, hidden: usize) -> Vec<(usize, usize)> {
    let end = 1usize
        .checked_shl(u32::try_from(log_len).unwrap_or(u32::MAX))
        .unwrap_or(0);
    let mut ranges = Vec::new();
    let mut start = end.saturating_sub(hidden);
    while start < end {
        // The largest range that is aligned at `start`; it does not pass `end`, which is aligned for it.
        let len = 1usize
            .checked_shl(start.trailing_zeros())
            .unwrap_or(end)
            .min(end.saturating_sub(start));
        ranges.push((start, len));
        start = start.saturating_add(len);
    }
    ranges
}
