//! The elements of one axis from other places on it: slices one after the other.

use super::prelude::*;

/// The most slices that one axis is cut into.
const MOST_SLICES: usize = 4096;

/// A stretch of an axis whose indices come from places that are as far apart: first place, distance,
/// number.
struct Stretch {
    from: Option<usize>,
    step: isize,
    len: usize,
}

fn stretches(map: &[Option<usize>]) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    let mut at = 0;
    while at < map.len() {
        let from = map[at];
        let distance = |at: usize| match (map[at], map.get(at + 1)) {
            (Some(a), Some(Some(b))) => Some(b.cast_signed() - a.cast_signed()),
            (None, Some(None)) => Some(0),
            _ => None,
        };
        let step = distance(at);
        let more = (at..map.len()).take_while(|&at| step.is_some() && distance(at) == step);
        let len = 1 + more.count();
        all.push(Stretch {
            from,
            step: step.unwrap_or(1),
            len,
        });
        at += len;
    }
    all
}

/// The elements of an axis from other places on it; zeros where there are none.
pub fn along(
    q: &mut Quantiser<'_>,
    x: &Value,
    axis: usize,
    map: &[Option<usize>],
) -> Result<Value, Refusal> {
    let size = x.shape[axis].known().ok_or("an axis of symbolic size")?;
    if map.len() == size && map.iter().enumerate().all(|(at, &from)| from == Some(at)) {
        return Ok(x.clone());
    }
    let mut shape = x.shape.clone();
    shape[axis] = Dim::from(map.len());
    let times = map.len() / size.max(1);
    let repeats = times > 1
        && map
            .iter()
            .enumerate()
            .all(|(at, &from)| from == Some(at / times));
    if repeats && map.len() == size * times {
        let steps = vec![
            Step::InsertAxis(axis + 1),
            Step::Broadcast {
                axis: axis + 1,
                size: Dim::from(times),
            },
            Step::Reshape(shape.clone()),
        ];
        return q.builder.view(x, steps, shape);
    }
    let stretches = stretches(map);
    if stretches.len() > MOST_SLICES {
        return Err(format!("an axis in more than {MOST_SLICES} pieces"));
    }
    let mut parts = Vec::new();
    for stretch in stretches {
        parts.push(slice(q, x, axis, &stretch)?);
    }
    match &parts[..] {
        [only] => Ok(only.clone()),
        _ => q.builder.concatenate(axis, &parts, shape),
    }
}

fn slice(
    q: &mut Quantiser<'_>,
    x: &Value,
    axis: usize,
    stretch: &Stretch,
) -> Result<Value, Refusal> {
    let mut shape = x.shape.clone();
    shape[axis] = Dim::from(stretch.len);
    let first = stretch.from.unwrap_or(0);
    let mut steps = Vec::new();
    if stretch.step == 0 || stretch.len == 1 {
        steps.push(Step::Slice {
            axis,
            start: Dim::from(first),
            len: Dim::Known(1),
            step: 1,
        });
        if stretch.len > 1 {
            steps.push(Step::Broadcast {
                axis,
                size: Dim::from(stretch.len),
            });
        }
    } else {
        let step = stretch.step.unsigned_abs();
        let back = if stretch.step < 0 {
            step * (stretch.len - 1)
        } else {
            0
        };
        steps.push(Step::Slice {
            axis,
            start: Dim::from(first - back),
            len: Dim::from(stretch.len),
            step,
        });
        if stretch.step < 0 {
            steps.push(Step::Reverse(axis));
        }
    }
    let value = q.builder.view(x, steps, shape)?;
    if stretch.from.is_some() {
        return Ok(value);
    }
    q.builder.sum(&[(0, &value)], 0, value.bits)
}
