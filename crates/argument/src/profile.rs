//! What a proof is made of: challenge field, hash, transcript.
//!
//! Everything else is generic over [`Profile`], so that a hash that suits another verifier (Keccak-256 for the
//! EVM, Poseidon2 for a recursive one) is one more implementation and no change to a protocol.

use alloc::vec::Vec;
use core::fmt::Debug;

use p3_blake3::Blake3;
use p3_challenger::{CanObserve, CanSampleUniformBits, FieldChallenger, GrindingChallenger};
use p3_challenger::{HashChallenger, SerializingChallenger64};
use p3_commit::Mmcs;
use p3_field::extension::{BinomialExtensionField, CubicTrinomialExtensionField};
use p3_field::{ExtensionField, TwoAdicField};
use p3_goldilocks::Goldilocks;
use p3_maybe_rayon::prelude::*;
use p3_merkle_tree::{MerkleTreeMmcs, PrunedMerklePaths};
use p3_symmetric::{
    CompressionFunctionFromHasher, CryptographicHasher, MerkleCap, PseudoCompressionFunction,
    SerializingHasher,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The field that columns are committed over: Goldilocks, `2^64 - 2^32 + 1`.
pub type F = Goldilocks;

/// Uniform field elements in each Merkle leaf over secrets that nothing else which is ever shown determines: 256 bits, so
/// that guessed rows cannot be confirmed by recomputing a leaf. One is the symbol of each row that hides data, by the last
/// of its hidden coefficients; salt makes up for the rows that a small group lacks.
pub const UNKNOWNS: usize = 4;

/// The Merkle root type of a profile.
pub type Root<P> = <<P as Profile>::Tree as Mmcs<F>>::Commitment;

/// The pruned Merkle paths of a profile.
pub type Paths<P> = <<P as Profile>::Tree as Mmcs<F>>::MultiProof;

/// The BLAKE3 digest of a list of byte strings, of which no two have the same.
pub fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let lens: Vec<[u8; 8]> = { parts.iter() }
        .map(|part| u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes())
        .collect();
    let slices = lens.iter().zip(parts);
    Blake3.hash_iter_slices(slices.flat_map(|(len, part)| [len.as_slice(), part]))
}

/// Challenge field, Merkle tree and transcript of one family of proofs.
///
/// Salted leaves are rows of the same tree with some more columns: that is what Plonky3's
/// `MerkleTreeHidingMmcs` hashes too, and it leaves no random generator in the verifier's types.
pub trait Profile: Copy + Debug + Send + Sync + 'static {
    /// The field that challenges are drawn from.
    type E: ExtensionField<F> + TwoAdicField + Serialize + DeserializeOwned;
    /// The Merkle tree.
    type Tree: Mmcs<F, Commitment: Eq + Debug + Send + Sync, MultiProof: Send + Sync> + Send + Sync;
    /// The transcript.
    type Challenger: FieldChallenger<F>
        + GrindingChallenger<Witness = F>
        + CanSampleUniformBits<F>
        + CanObserve<Root<Self>>
        + Clone;

    /// A name that no other profile has; it is part of every digest.
    const NAME: &'static [u8];

    /// Bytes in one digest.
    const DIGEST_BYTES: usize;

    /// The tree's hash functions, which have no state.
    fn tree() -> Self::Tree;

    /// A transcript that has absorbed `label`, which names protocol, version and profile.
    fn challenger(label: &[u8]) -> Self::Challenger;

    /// Checks that a root is a single digest and says how many digests a proof of paths carries.
    fn digests(root: Option<&Root<Self>>, paths: Option<&Paths<Self>>) -> Digests;

    /// The digests that a proof of paths consists of.
    fn siblings(paths: &Paths<Self>) -> &[[u8; 32]];

    /// A proof of paths that consists of some digests.
    fn paths(siblings: Vec<[u8; 32]>) -> Paths<Self>;

    /// The digests of leaves of one length, which lie one after the other.
    fn leaves(leaves: &[F], digests: &mut [[u8; 32]]);

    /// The layers of digests from those of a power of two leaves up to the root.
    fn above(leaves: Vec<[u8; 32]>) -> Vec<Vec<[u8; 32]>>;

    /// The root with some digest.
    fn root(digest: [u8; 32]) -> Root<Self>;
}

/// How many digests a root and a proof of paths carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Digests in the root; one when it is well formed.
    pub root: usize,
    /// Digests in the paths.
    pub paths: usize,
}

type Blake3Hash = SerializingHasher<Blake3>;
type Blake3Compress = CompressionFunctionFromHasher<Blake3, 2, 32>;
type Blake3Tree = MerkleTreeMmcs<F, u8, Blake3Hash, Blake3Compress, 2, 32>;
type Blake3Challenger = SerializingChallenger64<F, HashChallenger<u8, Blake3, 32>>;

/// BLAKE3, challenges in the quadratic extension `X^2 - 7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goldilocks2;

/// BLAKE3, challenges in the cubic extension `X^3 - X - 1`: for statements too large for [`Goldilocks2`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goldilocks3;

fn blake3_tree() -> Blake3Tree {
    Blake3Tree::new(Blake3Hash::new(Blake3), Blake3Compress::new(Blake3), 0)
}

fn blake3_challenger(name: &[u8], label: &[u8]) -> Blake3Challenger {
    // Both lengths are absorbed, so two pairs of names never give one state.
    let mut state = Vec::new();
    for part in [name, label] {
        let len = u64::try_from(part.len()).unwrap_or(u64::MAX);
        state.extend_from_slice(&len.to_le_bytes());
        state.extend_from_slice(part);
    }
    Blake3Challenger::from_hasher(state, Blake3)
}

fn blake3_digests(
    root: Option<&MerkleCap<F, [u8; 32]>>,
    paths: Option<&PrunedMerklePaths<u8, 32>>,
) -> Digests {
    Digests {
        root: root.map_or(0, MerkleCap::num_roots),
        paths: paths.map_or(0, |paths| paths.sibling_hashes.len()),
    }
}

fn blake3_layers(leaves: Vec<[u8; 32]>) -> Vec<Vec<[u8; 32]>> {
    let mut layers = alloc::vec![leaves];
    while let Some(layer) = layers.last().filter(|layer| layer.len() > 1) {
        let (pairs, _) = layer.as_chunks::<2>();
        let parents = { pairs.par_iter() }.map(|&pair| Blake3Compress::new(Blake3).compress(pair));
        let parents = parents.collect();
        layers.push(parents);
    }
    layers
}

macro_rules! blake3_profile {
    ($profile:ident, $extension:ty, $name:literal) => {
        impl Profile for $profile {
            type E = $extension;
            type Tree = Blake3Tree;
            type Challenger = Blake3Challenger;

            const NAME: &'static [u8] = $name;
            const DIGEST_BYTES: usize = 32;

            fn tree() -> Self::Tree {
                blake3_tree()
            }

            fn challenger(label: &[u8]) -> Self::Challenger {
                blake3_challenger(Self::NAME, label)
            }

            fn digests(root: Option<&Root<Self>>, paths: Option<&Paths<Self>>) -> Digests {
                blake3_digests(root, paths)
            }

            fn siblings(paths: &Paths<Self>) -> &[[u8; 32]] {
                &paths.sibling_hashes
            }

            fn paths(sibling_hashes: Vec<[u8; 32]>) -> Paths<Self> {
                PrunedMerklePaths { sibling_hashes }
            }

            fn leaves(leaves: &[F], digests: &mut [[u8; 32]]) {
                Blake3Hash::new(Blake3).hash_many(leaves, digests);
            }

            fn above(leaves: Vec<[u8; 32]>) -> Vec<Vec<[u8; 32]>> {
                blake3_layers(leaves)
            }

            fn root(digest: [u8; 32]) -> Root<Self> {
                MerkleCap::new(alloc::vec![digest])
            }
        }
    };
}

blake3_profile!(Goldilocks2, BinomialExtensionField<F, 2>, b"goldilocks-2 blake3");
blake3_profile!(
    Goldilocks3,
    CubicTrinomialExtensionField<F>,
    b"goldilocks-3 blake3"
);

/// Secret randomness: a generator that only the operating system can seed.
#[cfg(feature = "prove")]
pub mod random {
    use alloc::vec::Vec;

    use p3_field::PrimeCharacteristicRing;
    use p3_maybe_rayon::prelude::*;
    use rand::rngs::{StdRng, SysRng};
    use rand::{RngExt, SeedableRng};
    use thiserror::Error;

    use super::F;

    /// Elements drawn from one seed: long enough to hide the cost of asking the system for the seed.
    const PER_SEED: usize = 1 << 14;

    /// The operating system gave no randomness, so nothing can be hidden.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
    #[error("the operating system gave no randomness; refusing to commit without it")]
    pub struct EntropyError;

    /// A generator with a fresh seed.
    ///
    /// Errors: [`EntropyError`] if the operating system has no randomness to give.
    pub fn generator() -> Result<StdRng, EntropyError> {
        StdRng::try_from_rng(&mut SysRng).map_err(|_| EntropyError)
    }

    /// Draws `count` independent uniform field elements.
    ///
    /// Errors: [`EntropyError`] if the operating system has no randomness to give.
    /// Cost: one system call per `2^14` elements, in parallel.
    pub fn elements(count: usize) -> Result<Vec<F>, EntropyError> {
        let mut elements = F::zero_vec(count);
        elements
            .par_chunks_mut(PER_SEED)
            .map(|chunk| {
                let mut rng = generator()?;
                chunk.fill_with(|| rng.random());
                Ok(())
            })
            .collect::<Result<(), EntropyError>>()?;
        Ok(elements)
    }
}
