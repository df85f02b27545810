//! The inner loops of a layer's sumcheck: over vectors of field elements or of packed field elements.

use p3_field::{Field, PrimeCharacteristicRing};

/// A table at both values of the variable that a round binds: first half, second half.
pub(super) type Ends<'a, A> = (&'a [A], &'a [A]);

/// The summand's two products, `left.0 * right.0 + left.1 * right.1`, summed with the weights `eq`: the value at the first
/// end, and the coefficient of the square.
///
/// Cost: 6 products an entry.
pub(super) fn dense<A: PrimeCharacteristicRing + Copy>(
    eq: &[A],
    left: (Ends<'_, A>, Ends<'_, A>),
    right: (Ends<'_, A>, Ends<'_, A>),
) -> [A; 2] {
    let (mut end, mut square) = (A::ZERO, A::ZERO);
    let first = left
        .0
        .0
        .iter()
        .zip(left.0.1)
        .zip(right.0.0.iter().zip(right.0.1));
    let second = left
        .1
        .0
        .iter()
        .zip(left.1.1)
        .zip(right.1.0.iter().zip(right.1.1));
    for ((&eq, ((&a0, &a1), (&b0, &b1))), ((&c0, &c1), (&d0, &d1))) in
        eq.iter().zip(first).zip(second)
    {
        end += eq * (a0 * b0 + c0 * d0);
        square += eq * ((a1 - a0) * (b1 - b0) + (c1 - c0) * (d1 - d0));
    }
    [end, square]
}

/// As [`dense`] for the one product `(left + shift) (right + shift)`.
///
/// Cost: 4 products an entry.
pub(super) fn shifted<A: PrimeCharacteristicRing + Copy>(
    eq: &[A],
    left: Ends<'_, A>,
    right: Ends<'_, A>,
    shift: A,
) -> [A; 2] {
    let (mut end, mut square) = (A::ZERO, A::ZERO);
    let pairs = left.0.iter().zip(left.1).zip(right.0.iter().zip(right.1));
    for (&eq, ((&a0, &a1), (&b0, &b1))) in eq.iter().zip(pairs) {
        end += eq * ((a0 + shift) * (b0 + shift));
        square += eq * ((a1 - a0) * (b1 - b0));
    }
    [end, square]
}

/// The quadratic factor of a round (constant first) from its coefficient of the square and its value at one end: at
/// one if the round's anchor is zero, at zero otherwise.
///
/// The claim determines the rest: `(1 - anchor) q(0) + anchor q(1) = claim`.
pub(super) fn quadratic<E: Field>(anchor: E, [end, square]: [E; 2], claim: E) -> [E; 3] {
    match anchor.try_inverse() {
        Some(inverse) => [end, (claim - end) * inverse - square, square],
        None => [claim, end - claim - square, square],
    }
}

/// The value of a polynomial given by its coefficients, constant first.
pub(super) fn evaluate<E: Field>(q: &[E; 3], x: E) -> E {
    q[0] + (q[1] + q[2] * x) * x
}
