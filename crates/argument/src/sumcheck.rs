//! The sumcheck protocol, in the two forms that the steps use.
//!
//! Source: Lund, Fortnow, Karloff, Nisan 1990; the factored form is Gruen's (eprint 2024/108, section 3).

use alloc::vec::Vec;

use crate::channel::Channel;
#[cfg(feature = "prove")]
use crate::channel::sender::Sender;
use crate::reject::Reject;

/// What is left of a claimed sum after all rounds.
#[derive(Clone, Debug)]
pub struct Reduced<E, V> {
    /// The challenges, in the order in which they were drawn.
    pub point: Vec<E>,
    /// The claimed value of the summand there.
    pub value: V,
}

/// Reduces `claim = sum over the cube of s(x)` to the value of `s` at one point.
///
/// `degree` bounds the degree of `s` in each variable and is at least 1.
/// Cost: `degree` elements a round.
/// Errors: [`Reject::Length`].
/// Soundness: a false claim survives with probability at most `rounds * degree / |E|`.
pub fn verify<C: Channel>(
    channel: &mut C,
    claim: C::Value,
    rounds: usize,
    degree: usize,
) -> Result<Reduced<C::E, C::Value>, Reject> {
    let (mut point, mut value) = (Vec::with_capacity(rounds), claim);
    for _ in 0..rounds {
        let constant = channel.receive()?;
        let higher = (1..degree)
            .map(|_| channel.receive())
            .collect::<Result<Vec<C::Value>, Reject>>()?;
        // s(0) + s(1) = claim determines the linear coefficient, so it is not sent.
        let mut linear = value - constant.clone() - constant.clone();
        for coefficient in &higher {
            linear = linear - coefficient.clone();
        }
        let r = channel.challenge();
        let mut power = r;
        value = constant + linear * r;
        for coefficient in higher {
            power *= r;
            value = value + coefficient * power;
        }
        point.push(r);
    }
    Ok(Reduced { point, value })
}

/// Reduces `claim = sum over the cube of eq(anchor, x) q(x)` to the value of `q` (without `eq`) at one point.
///
/// `q` has degree at most 2 in each variable. Round `i` binds the variable of `anchor[i]`.
/// Cost: 2 elements a round.
/// Errors: [`Reject::Length`].
/// Soundness: a false claim survives with probability at most `3 * rounds / |E|`.
pub fn verify_factored<C: Channel>(
    channel: &mut C,
    claim: C::Value,
    anchor: &[C::E],
) -> Result<Reduced<C::E, C::Value>, Reject> {
    let (mut point, mut value) = (Vec::with_capacity(anchor.len()), claim);
    for &a in anchor {
        let (linear, square) = (channel.receive()?, channel.receive()?);
        // (1 - a) q(0) + a q(1) = claim determines the constant coefficient, so it is not sent.
        let constant = value - (linear.clone() + square.clone()) * a;
        let r = channel.challenge();
        value = constant + linear * r + square * (r * r);
        point.push(r);
    }
    Ok(Reduced { point, value })
}

/// Sends the round polynomial with the given coefficients (constant first) for [`verify`] and draws the challenge.
#[cfg(feature = "prove")]
pub fn send_round<F, E, C>(sender: &mut Sender<'_, F, E, C>, coefficients: &[E]) -> E
where
    F: p3_field::Field,
    E: p3_field::ExtensionField<F>,
    C: p3_challenger::FieldChallenger<F> + p3_challenger::GrindingChallenger<Witness = F>,
{
    sender.send(coefficients[0]);
    for &coefficient in &coefficients[2..] {
        sender.send(coefficient);
    }
    sender.challenge()
}

/// Sends the quadratic factor `q` (constant first) for [`verify_factored`] and draws the challenge.
#[cfg(feature = "prove")]
pub fn send_factored_round<F, E, C>(sender: &mut Sender<'_, F, E, C>, q: &[E; 3]) -> E
where
    F: p3_field::Field,
    E: p3_field::ExtensionField<F>,
    C: p3_challenger::FieldChallenger<F> + p3_challenger::GrindingChallenger<Witness = F>,
{
    sender.send(q[1]);
    sender.send(q[2]);
    sender.challenge()
}
