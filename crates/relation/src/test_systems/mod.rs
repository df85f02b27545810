//! Small systems with satisfying assignments, for tests and benches.
//!
//! Deterministic in their seed. Sizes are parameters, and [`all`] has one of each with sizes that
//! are not powers of two. Everything here panics rather than returning errors.

mod maker;
mod systems;

use crate::system::{Assignment, System};
use alloc::vec::Vec;
pub use maker::{Maker, Random};
pub use systems::{
    batched_matmul, convolution, elementwise_product, embedding, function_lookup, gather,
    linear_views, matmul, mlp, rescale, sealed,
};

/// One system of each kind, with its name; small, and no size is a power of two.
pub fn all(seed: u64) -> Vec<(&'static str, System, Assignment)> {
    let named = |name, (system, assignment)| (name, system, assignment);
    alloc::vec![
        named("rescale", rescale(13, 5, seed)),
        named("matmul", matmul(5, 7, 3, seed)),
        named("batched_matmul", batched_matmul(3, 5, 7, 3, seed)),
        named("convolution", convolution([3, 5], [7, 6], 3, 2, 1, seed)),
        named("elementwise_product", elementwise_product(&[3, 7], seed)),
        named("function_lookup", function_lookup(11, seed)),
        named("gather", gather(11, 3, 7, seed)),
        named("embedding", embedding(5, 3, 7, seed)),
        named("linear_views", linear_views(5, 3, seed)),
        named("mlp", mlp(3, &[10, 7, 5, 3], seed)),
        named("sealed", sealed(13, seed)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Relation, Role};

    #[test]
    fn every_system_accepts_its_assignment() {
        for seed in 0..5 {
            for (name, system, assignment) in all(seed) {
                assert_eq!(system.check(&assignment), Ok(()), "{name} with seed {seed}");
            }
        }
    }

    #[test]
    fn systems_are_deterministic_and_depend_on_their_seed() {
        assert_eq!(all(1), all(1));
        for ((name, system, one), (_, same, two)) in all(1).into_iter().zip(all(2)) {
            assert_eq!(system, same, "{name}: the seed changes values only");
            assert_ne!(one, two, "{name}");
        }
    }

    #[test]
    fn the_systems_use_all_of_the_language() {
        let all = all(0);
        let relations = || all.iter().flat_map(|(_, system, _)| system.relations());
        assert!(relations().any(|relation| matches!(relation, Relation::Linear { .. })));
        assert!(relations().any(|relation| matches!(relation, Relation::Product { .. })));
        assert!(relations().any(|relation| matches!(relation, Relation::Lookup { .. })));
        let columns = || all.iter().flat_map(|(_, system, _)| system.columns());
        for role in [
            Role::Parameter,
            Role::Witness,
            Role::Sealed(1),
            Role::Multiplicity,
        ] {
            assert!(columns().any(|column| column.role == role), "{role:?}");
        }
        assert!(
            all.iter()
                .any(|(_, system, _)| system.statement().count() > 1)
        );
    }

    #[test]
    fn a_change_of_any_value_is_noticed() {
        // A seed for which every factor of a product meets one that is not zero: others are free.
        for (name, system, assignment) in all(7) {
            for column in 0..system.columns().len() {
                let by_index = matches!(name, "gather" | "embedding");
                let free = by_index && system.columns()[column].role == Role::Parameter;
                if free {
                    // Rows of the table that no index selects may have any value.
                    continue;
                }
                for at in 0..assignment.columns[column].len() {
                    let mut forged = assignment.clone();
                    let tensor = &mut forged.columns[column];
                    let mut values = tensor.to_i64s();
                    values[at] += 1;
                    *tensor = crate::Tensor::from_i64s(tensor.shape.clone(), values).unwrap();
                    let place = &system.columns()[column].name;
                    assert!(system.check(&forged).is_err(), "{name}: {place} at {at}");
                }
            }
        }
    }
}
