//! Commitments whose codewords are made again when they are opened, instead of kept.
//!
//! A codeword matrix takes `8 * 2^r` bytes for each coefficient, more than all else that a prover holds. Each of its
//! `2^r` segments, the values on one coset, is a subtree of the Merkle tree: so it is committed segment by segment, and
//! of each only the root is kept. An opening encodes the segments once more. Commitment and openings are the same as
//! those of a tree that is kept.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use p3_commit::Mmcs;
use p3_matrix::dense::RowMajorMatrixView;
use p3_matrix::stack::HorizontalPair;

use super::Commitment;
use super::archive::siblings;
use super::committed::Data;
use super::encode::{Randomness, Rows};
use crate::profile::{F, Paths, Profile, Root};

/// What is kept: the roots of the segments, and the salts of all leaves.
pub(super) struct Recomputed<P: Profile> {
    roots: Vec<Root<P>>,
    pub(super) salts: Vec<F>,
}

type Symbols<'a> = RowMajorMatrixView<'a, F>;

/// The tree of one segment, with salted leaves if the group hides anything.
enum Segment<'a, P: Profile> {
    Salted(Data<P, HorizontalPair<Symbols<'a>, Symbols<'a>>>),
    Public(Data<P, Symbols<'a>>),
}

impl<P: Profile> Recomputed<P> {
    /// Commits to `rows`.
    ///
    /// Memory: one segment, 8 bytes for each coefficient.
    pub(super) fn new(
        randomness: &Randomness,
        rows: &dyn Rows,
        salts: Vec<F>,
    ) -> (Commitment<P>, Self) {
        let (mut roots, mut codewords) = (Vec::new(), Vec::new());
        for segment in 0..1 << randomness.code.log_inv_rate() {
            codewords = randomness.segment(rows, segment, codewords);
            roots.push(tree::<P>(randomness, segment, &codewords, &salts).0);
        }
        let top = P::above(&roots).concat().pop();
        let root = P::root(top.unwrap_or_default());
        (Commitment { root }, Self { roots, salts })
    }

    /// Leaves at `positions`, which ascend, and their Merkle paths; `rows` are those that were committed.
    ///
    /// Cost: that of committing, for each segment with a position.
    pub(super) fn open(
        &self,
        randomness: &Randomness,
        rows: &dyn Rows,
        positions: &[usize],
    ) -> (Vec<Vec<F>>, Paths<P>) {
        let layers = randomness.code.log_len();
        let mut leaves = Vec::with_capacity(positions.len());
        let (mut digests, mut codewords) = (BTreeMap::new(), Vec::new());
        for segment in 0..self.roots.len() {
            let own: Vec<usize> = { positions.iter() }
                .filter(|&&position| position >> layers == segment)
                .map(|position| position - (segment << layers))
                .collect();
            if own.is_empty() {
                continue;
            }
            codewords = randomness.segment(rows, segment, codewords);
            let (_, tree) = tree::<P>(randomness, segment, &codewords, &self.salts);
            let (found, paths) = match &tree {
                Segment::Salted(data) => P::tree().open_multi_batch(&own, data),
                Segment::Public(data) => P::tree().open_multi_batch(&own, data),
            };
            leaves.extend(found.into_iter().map(|leaf| leaf.concat()));
            let places = siblings(&own, layers).into_iter();
            let own = places.map(|(layer, index)| (layer, index + (segment << (layers - layer))));
            digests.extend(own.zip(P::siblings(&paths).iter().copied()));
        }
        for (layer, nodes) in (layers..).zip(P::above(&self.roots)) {
            digests.extend((0..).zip(nodes).map(|(index, node)| ((layer, index), node)));
        }
        let above = randomness.code.log_positions();
        let beside = siblings(positions, above).into_iter();
        let beside = beside.filter_map(|place| digests.get(&place).copied());
        (leaves, P::paths(beside.collect()))
    }
}

/// Root and tree of one segment, by its codewords.
fn tree<'a, P: Profile>(
    randomness: &Randomness,
    segment: usize,
    codewords: &'a [F],
    salts: &'a [F],
) -> (Root<P>, Segment<'a, P>) {
    let (len, shape) = (randomness.code.len(), randomness.shape());
    let codewords = RowMajorMatrixView::new(codewords, shape.rows);
    let width = shape.salt();
    if width == 0 {
        let (root, data) = P::tree().commit_matrix(codewords);
        return (root, Segment::Public(data));
    }
    let salts = &salts[segment * len * width..][..len * width];
    let salts = RowMajorMatrixView::new(salts, width);
    let (root, data) = P::tree().commit_matrix(HorizontalPair::new(codewords, salts));
    (root, Segment::Salted(data))
}
