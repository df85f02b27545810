//! Commitments whose codewords and Merkle tree lie outside of memory.
//!
//! An opening reads a few leaves of a tree and the digests beside their paths. The rest of a large commitment, such as
//! that to the parameters of a model, need not be in memory, nor be made anew by whoever opens it: its archive holds
//! the leaves, position after position, and then the layers of digests from the leaves to the root.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use p3_commit::Mmcs;
use p3_field::PrimeField64;
use p3_matrix::Dimensions;
use thiserror::Error;

use super::committed::Tree;
use super::recomputed::hash;
use super::{Code, Commitment, Committed, GroupShape};
use crate::profile::{F, Paths, Profile};

/// Bytes of an element of a leaf.
const SYMBOL: usize = 8;
/// Bytes of a digest.
const DIGEST: usize = 32;
/// Bytes that are written or copied at once.
const BLOCK: usize = 1 << 20;

/// Bytes that lie elsewhere, such as in a file.
pub trait Archive: Send + Sync {
    /// Reads `bytes.len()` bytes from `offset` on.
    ///
    /// Errors: why not, in words.
    fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), String>;
}

/// Why an archive was not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ArchiveError {
    /// Whoever holds the bytes does not give them.
    #[error("{0}")]
    Read(String),
    /// The bytes are not those of the commitment.
    #[error("the archive of the commitment is damaged, or is that of another one")]
    Damaged,
    /// There is nothing to make an archive of.
    #[error("the codewords of the commitment were not kept")]
    Forgotten,
}

/// A tree in an archive.
pub(super) struct Archived<P: Profile> {
    bytes: Box<dyn Archive>,
    commitment: Commitment<P>,
    place: Layout,
}

/// Where what lies in an archive.
#[derive(Clone, Copy)]
struct Layout {
    /// Leaves; a power of two.
    positions: usize,
    /// Elements of a leaf.
    leaf: usize,
}

impl Layout {
    const fn new(code: &Code, shape: GroupShape) -> Self {
        Self {
            positions: code.positions(),
            leaf: shape.leaf(),
        }
    }

    const fn leaf_at(self, position: usize) -> usize {
        position * self.leaf * SYMBOL
    }

    /// Layer 0 has a digest for each leaf, the next ones half as many as the one before.
    const fn digest_at(self, layer: usize, index: usize) -> usize {
        let before = 2 * self.positions - ((2 * self.positions) >> layer);
        self.leaf_at(self.positions) + (before + index) * DIGEST
    }

    /// The layers below the root.
    const fn layers(self) -> usize {
        self.positions.trailing_zeros() as usize
    }

    const fn bytes(self) -> usize {
        self.digest_at(self.layers(), 0)
    }
}

impl<P: Profile> Archived<P> {
    /// The tree in an archive, if a leaf of it belongs to the commitment.
    pub(super) fn new(
        bytes: Box<dyn Archive>,
        commitment: Commitment<P>,
        code: &Code,
        shape: GroupShape,
    ) -> Result<Self, ArchiveError> {
        let place = Layout::new(code, shape);
        let archived = Self {
            bytes,
            commitment,
            place,
        };
        archived.open(&[place.positions - 1])?;
        Ok(archived)
    }

    fn read(&self, offset: usize, bytes: &mut [u8]) -> Result<(), ArchiveError> {
        let read = self.bytes.read(offset as u64, bytes);
        read.map_err(ArchiveError::Read)
    }

    /// Leaves at `positions`, which ascend, and their Merkle paths: those of the commitment.
    pub(super) fn open(
        &self,
        positions: &[usize],
    ) -> Result<(Vec<Vec<F>>, Paths<P>), ArchiveError> {
        let leaves = { positions.iter() }
            .map(|&position| self.leaf(position))
            .collect::<Result<Vec<_>, _>>()?;
        let siblings = { siblings(positions, self.place.layers()).into_iter() }
            .map(|(layer, index)| {
                let mut digest = [0; DIGEST];
                self.read(self.place.digest_at(layer, index), &mut digest)?;
                Ok(digest)
            })
            .collect::<Result<Vec<_>, ArchiveError>>()?;
        let paths = P::paths(siblings);
        let dimensions = [Dimensions {
            width: self.place.leaf,
            height: self.place.positions,
        }];
        let opened: Vec<Vec<&[F]>> = leaves.iter().map(|leaf| vec![leaf.as_slice()]).collect();
        P::tree()
            .verify_multi_batch(
                &self.commitment.root,
                &dimensions,
                positions,
                &opened,
                &paths,
            )
            .map_err(|_| ArchiveError::Damaged)?;
        Ok((leaves, paths))
    }

    fn leaf(&self, position: usize) -> Result<Vec<F>, ArchiveError> {
        let mut bytes = vec![0; self.place.leaf * SYMBOL];
        self.read(self.place.leaf_at(position), &mut bytes)?;
        let (symbols, _) = bytes.as_chunks::<SYMBOL>();
        let element = |&symbol: &[u8; SYMBOL]| {
            let value = u64::from_le_bytes(symbol);
            (value < F::ORDER_U64).then(|| F::new(value))
        };
        { symbols.iter().map(element).collect::<Option<_>>() }.ok_or(ArchiveError::Damaged)
    }

    /// Gives the whole archive to `write`, block after block.
    fn copy<E: From<ArchiveError>>(
        &self,
        mut write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut block, mut from, len) = (vec![0; BLOCK], 0, self.place.bytes());
        while from < len {
            let block = &mut block[..BLOCK.min(len - from)];
            self.read(from, block)?;
            write(block)?;
            from += block.len();
        }
        Ok(())
    }
}

/// The nodes beside the paths of leaves that are not on any of these paths, in the order of a proof: layer after
/// layer, ascending.
pub(super) fn siblings(positions: &[usize], layers: usize) -> Vec<(usize, usize)> {
    let mut siblings = Vec::new();
    let mut nodes = positions.to_vec();
    for layer in 0..layers {
        let alone = |&node: &usize| nodes.binary_search(&(node ^ 1)).is_err();
        siblings.extend({ nodes.iter().copied().filter(alone) }.map(|node| (layer, node ^ 1)));
        for node in &mut nodes {
            *node >>= 1;
        }
        nodes.dedup();
    }
    siblings
}

impl<P: Profile> Committed<P> {
    /// The bytes of [`Committed::archive`].
    #[must_use]
    pub fn archive_bytes(&self) -> u64 {
        Layout::new(self.code(), self.shape()).bytes() as u64
    }

    /// Gives the archive to `write`, a piece after the other: what [`Committed::from_archive`] opens instead of what is in
    /// memory. Secret.
    ///
    /// Errors: those of `write`, and [`ArchiveError`] if it comes from an archive itself, or its codewords are not kept.
    pub fn archive<E: From<ArchiveError>>(
        &self,
        mut write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let positions = self.code().positions();
        match &self.tree {
            Tree::Archived(archived) => archived.copy(write),
            Tree::Recomputed(_) => Err(ArchiveError::Forgotten.into()),
            Tree::Salted(data) => {
                let pairs = P::tree().get_matrices(data);
                { pairs.iter() }.try_for_each(|pair| {
                    let (symbols, salts) = (&pair.left.values, &pair.right.values);
                    tree::<P, _>(symbols, salts, positions, &mut write)
                })
            }
            Tree::Plain(data) => {
                let matrices = P::tree().get_matrices(data);
                { matrices.iter() }
                    .try_for_each(|matrix| tree::<P, _>(&matrix.values, &[], positions, &mut write))
            }
        }
    }
}

/// Gives leaves and digests to `write`.
fn tree<P: Profile, E>(
    symbols: &[F],
    salts: &[F],
    positions: usize,
    mut write: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut block = Vec::with_capacity(2 * BLOCK);
    let mut put = |bytes: &[u8], is_last: bool| {
        block.extend_from_slice(bytes);
        if block.len() >= BLOCK || is_last {
            write(&block)?;
            block.clear();
        }
        Ok(())
    };
    let (width, salt) = (symbols.len() / positions, salts.len() / positions);
    for position in 0..positions {
        let symbols = &symbols[position * width..][..width];
        for symbol in symbols.iter().chain(&salts[position * salt..][..salt]) {
            put(&symbol.as_canonical_u64().to_le_bytes(), false)?;
        }
    }
    let mut digests = vec![[0; DIGEST]; positions];
    hash::<P>(symbols, salts, &mut digests);
    let layers = P::above(digests);
    for digest in layers.iter().take(layers.len() - 1).flatten() {
        put(digest, false)?;
    }
    put(&[], true)
}
