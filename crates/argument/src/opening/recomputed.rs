//! Commitments whose codewords are not kept.
//!
//! A codeword matrix takes `8 * 2^r` bytes for each coefficient, more than all else that a prover holds. So it is made
//! one coset after the other, and of each only the digests of its leaves are kept. An opening works out the symbols at
//! its positions anew, from the coefficients. Commitment and openings are the same as those of a tree that is kept.

use alloc::vec;
use alloc::vec::Vec;

use p3_maybe_rayon::prelude::*;

use super::Commitment;
use super::archive::siblings;
use super::encode::{Randomness, Rows};
use crate::profile::{F, Paths, Profile};

/// Leaves that are hashed together: as many as the widest vectors have lanes.
const TOGETHER: usize = 32;

/// What is kept: the digests of all nodes, and the salts of all leaves.
pub(super) struct Recomputed {
    /// Layer after layer, from the leaves to the root.
    layers: Vec<Vec<[u8; 32]>>,
    pub(super) salts: Vec<F>,
}

impl Recomputed {
    /// Commits to `rows`.
    ///
    /// Memory: 8 bytes for each coefficient while it works; 64 bytes for each position, and the salts, are kept.
    pub(super) fn new<P: Profile>(
        randomness: &Randomness,
        rows: &dyn Rows,
        salts: Vec<F>,
    ) -> (Commitment<P>, Self) {
        let code = randomness.code;
        let salt = randomness.shape().salt();
        let mut digests = vec![[0; 32]; code.positions()];
        let mut codewords = Vec::new();
        for (coset, digests) in digests.chunks_exact_mut(code.len()).enumerate() {
            codewords = randomness.segment(rows, coset, codewords);
            let salts = &salts[coset * code.len() * salt..][..code.len() * salt];
            hash::<P>(&codewords, salts, digests);
        }
        drop(codewords);
        let layers = P::above(digests);
        let top = { layers.last() }.and_then(|top| top.first().copied());
        let root = P::root(top.unwrap_or_default());
        (Commitment { root }, Self { layers, salts })
    }

    /// Leaves at `positions`, which ascend, and their Merkle paths; `rows` are those that were committed.
    ///
    /// Cost: [`Randomness::symbols`].
    pub(super) fn open<P: Profile>(
        &self,
        randomness: &Randomness,
        rows: &dyn Rows,
        positions: &[usize],
    ) -> (Vec<Vec<F>>, Paths<P>) {
        let (width, salt) = (randomness.shape().rows, randomness.shape().salt());
        let symbols = randomness.symbols(rows, positions);
        let leaves: Vec<Vec<F>> = { symbols.chunks_exact(width).zip(positions) }
            .map(|(symbols, &position)| [symbols, &self.salts[position * salt..][..salt]].concat())
            .collect();
        debug_assert!(
            leaves.iter().zip(positions).all(|(leaf, &position)| {
                let mut digest = [[0; 32]];
                P::leaves(leaf, &mut digest);
                self.layers[0][position] == digest[0]
            }),
            "the rows are not those that were committed"
        );
        let beside = siblings(positions, randomness.code.log_positions());
        let beside = beside.into_iter().filter_map(|(layer, index)| {
            let layer = self.layers.get(layer)?;
            layer.get(index).copied()
        });
        (leaves, P::paths(beside.collect()))
    }
}

/// The digests of leaves: the symbols of all rows, then salt.
pub(super) fn hash<P: Profile>(symbols: &[F], salts: &[F], digests: &mut [[u8; 32]]) {
    let (width, salt) = (symbols.len() / digests.len(), salts.len() / digests.len());
    let groups = digests.par_chunks_mut(TOGETHER).enumerate();
    groups.for_each(|(group, digests)| {
        let mut leaves = Vec::with_capacity(digests.len() * (width + salt));
        for leaf in (group * TOGETHER..).take(digests.len()) {
            leaves.extend_from_slice(&symbols[leaf * width..][..width]);
            leaves.extend_from_slice(&salts[leaf * salt..][..salt]);
        }
        P::leaves(&leaves, digests);
    });
}
