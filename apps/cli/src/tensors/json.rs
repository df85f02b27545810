//! Tensors as nested lists.

use super::Declared;
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use vouch::Array;

/// The key under which the data files of another tool hold a list for each input.
const INPUT_DATA: &str = "input_data";

/// Reads `{"name": nested lists}`, or `{"input_data": [list, ..]}` with the inputs in order.
pub fn read(bytes: &[u8], inputs: &[Declared]) -> Result<BTreeMap<String, Array>> {
    let value: Value = serde_json::from_slice(bytes).context("not valid JSON")?;
    let Value::Object(mut object) = value else {
        bail!("expected an object with a key for each input, or with the key {INPUT_DATA:?}");
    };
    let is_input = inputs.iter().any(|input| input.name == INPUT_DATA);
    match object.remove(INPUT_DATA) {
        Some(value) if !is_input => in_order(value, inputs),
        value => {
            object.extend(value.map(|value| (INPUT_DATA.to_owned(), value)));
            let array = |(name, value)| {
                let array = nested(&value).with_context(|| format!("key {name:?}"))?;
                Ok((name, array))
            };
            object.into_iter().map(array).collect()
        }
    }
}

fn in_order(value: Value, inputs: &[Declared]) -> Result<BTreeMap<String, Array>> {
    let Value::Array(lists) = value else {
        bail!("key {INPUT_DATA:?}: expected a list with a list of values for each input");
    };
    // A model without inputs may come with one list of nothing.
    let is_empty = |list: &Value| list.as_array().is_some_and(Vec::is_empty);
    if inputs.is_empty() && lists.iter().all(is_empty) {
        return Ok(BTreeMap::new());
    }
    if lists.len() != inputs.len() {
        bail!(
            "key {INPUT_DATA:?}: expected a list for each of the {} inputs, found {}",
            inputs.len(),
            lists.len()
        );
    }
    let array = |(input, list): (&Declared, &Value)| {
        let array =
            nested(list).with_context(|| format!("key {INPUT_DATA:?}, input {:?}", input.name))?;
        Ok((input.name.clone(), array))
    };
    inputs.iter().zip(&lists).map(array).collect()
}

/// A tensor from nested lists, whose shape is theirs.
fn nested(value: &Value) -> Result<Array> {
    let mut shape = Vec::new();
    let mut inner = value;
    while let Value::Array(list) = inner {
        shape.push(list.len());
        match list.first() {
            Some(first) => inner = first,
            None => bail!("found an empty list; a tensor has at least one value along each axis"),
        }
    }
    let mut data = Vec::new();
    flatten(value, &shape, &mut data)?;
    Ok(Array { shape, data })
}

fn flatten(value: &Value, shape: &[usize], data: &mut Vec<f64>) -> Result<()> {
    match (value, shape.split_first()) {
        (Value::Array(list), Some((&size, rest))) => {
            if list.len() != size {
                bail!(
                    "the lists are ragged: expected {size} entries as in the first list, found {}",
                    list.len()
                );
            }
            list.iter().try_for_each(|value| flatten(value, rest, data))
        }
        (Value::Number(number), None) => {
            data.push(
                number
                    .as_f64()
                    .with_context(|| format!("{number} is no finite number"))?,
            );
            Ok(())
        }
        (Value::Bool(value), None) => {
            data.push(f64::from(u8::from(*value)));
            Ok(())
        }
        (found, _) => bail!(
            "value {}: expected numbers in lists of equal length, found {found}",
            data.len()
        ),
    }
}

/// Tensors as `{"name": nested lists}`.
pub fn named(tensors: &BTreeMap<String, Array>) -> Value {
    let entry = |(name, array): (&String, &Array)| (name.clone(), lists(&array.shape, &array.data));
    Value::Object(tensors.iter().map(entry).collect::<Map<_, _>>())
}

fn lists(shape: &[usize], data: &[f64]) -> Value {
    let Some((&size, rest)) = shape.split_first() else {
        return data
            .first()
            .map_or(Value::Null, |&value| Value::from(value));
    };
    let inner = rest.iter().product::<usize>().max(1);
    Value::Array(
        data.chunks(inner)
            .take(size)
            .map(|part| lists(rest, part))
            .collect(),
    )
}
