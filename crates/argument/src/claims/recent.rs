//! What was worked out lately for one functional and is the same for the next.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use p3_field::Field;
use relation::{Component, View};

use super::along::{Along, Written};
use super::pull::{Pulled, pull_back_by};
use super::weights::Weights;

/// Keeps an item with at most `most - 1` that were kept lately.
fn remember<T>(known: &mut VecDeque<T>, most: usize, item: T) {
    if known.len() == most {
        known.pop_front();
    }
    known.push_back(item);
}

/// How many views' components are remembered: those of a lookup come once for each block of its fractions.
const REMEMBERED_VIEWS: usize = 64;

/// The components of views that were asked for lately.
#[derive(Debug, Default)]
pub struct RecentComponents<'s> {
    known: VecDeque<(&'s View, Vec<Component>)>,
}

impl<'s> RecentComponents<'s> {
    /// The components of `view`, or those of another view of the same arrangement: they are the same.
    pub fn of(&mut self, view: &'s View) -> &[Component] {
        let known = { self.known.iter() }.position(|(known, _)| view.is_arranged_like(known));
        let at = known.unwrap_or_else(|| {
            remember(&mut self.known, REMEMBERED_VIEWS, (view, view.components()));
            self.known.len().saturating_sub(1)
        });
        { self.known.get(at) }.map_or(&[], |(_, components)| components)
    }
}

/// How many functionals that were pulled back are remembered: the limbs of a value, and the columns of an operator,
/// come one after the other.
const REMEMBERED: usize = 8;

/// Functionals that were pulled back lately, but for their coefficients, and the components of views.
pub(super) struct Recent<'s, 'a, E> {
    known: VecDeque<Known<'s, E>>,
    components: RecentComponents<'s>,
    written: &'a Written<'a, E>,
}

#[derive(Debug)]
struct Known<'s, E> {
    view: &'s View,
    weights: Arc<[Along<E>]>,
    pulled: Pulled<E>,
}

impl<'s, 'a, E: Field> Recent<'s, 'a, E> {
    /// None so far, of axes whose weights are written.
    pub fn new(written: &'a Written<'a, E>) -> Self {
        Self {
            known: VecDeque::with_capacity(REMEMBERED),
            components: RecentComponents::default(),
            written,
        }
    }

    /// [`pull_back`](super::pull_back), or a copy of what it gave for another source of the same arrangement.
    pub fn pull_back(
        &mut self,
        view: &'s View,
        coefficient: E,
        weights: &Arc<[Along<E>]>,
    ) -> Pulled<E> {
        let same = |known: &&Known<'s, E>| {
            view.is_arranged_like(known.view)
                && (Arc::ptr_eq(weights, &known.weights) || *weights == known.weights)
        };
        let known = self.known.iter().find(same);
        let mut pulled = match known {
            Some(known) => known.pulled.clone(),
            None => {
                let written: Vec<Weights<E>> = { weights.iter() }
                    .map(|along| self.written.of(along))
                    .collect();
                let pulled = pull_back_by(self.components.of(view), E::ONE, &written);
                let known = Known {
                    view,
                    weights: Arc::clone(weights),
                    pulled: pulled.clone(),
                };
                remember(&mut self.known, REMEMBERED, known);
                pulled
            }
        };
        pulled.coefficient *= coefficient;
        pulled
    }
}
