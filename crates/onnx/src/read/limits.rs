//! What a file may ask for before it is read: the check of a protobuf message without decoding it.

use crate::error::ModelError;
use std::collections::BTreeMap;

/// What a model may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of the file, external data not counted.
    pub bytes: u64,
    /// How deep messages may be nested: subgraphs of control flow nest.
    pub depth: usize,
    /// The most messages, over all depths.
    pub messages: usize,
    /// The most elements of a tensor.
    pub elements: u64,
    /// Whether tensors may have their data in other files of the model's folder.
    pub external_data: bool,
    /// Numbers for symbolic sizes of the inputs, by name: the model is read as if it stated them.
    pub sizes: BTreeMap<String, usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 2 << 30,
            depth: 32,
            messages: 4_000_000,
            elements: 1 << 30,
            external_data: false,
            sizes: BTreeMap::new(),
        }
    }
}

/// Field numbers of ONNX messages that hold messages, by the message that they are in.
///
/// Only these can nest: in other fields bytes are bytes.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Function,
    Leaf,
}

impl Message {
    const fn inside(self, field: u64) -> Option<Self> {
        match (self, field) {
            (Self::Model, 7) | (Self::Attribute, 6 | 11) => Some(Self::Graph),
            (Self::Model, 25) => Some(Self::Function),
            (Self::Graph, 1) | (Self::Function, 7) => Some(Self::Node),
            (Self::Node, 5) | (Self::Function, 11) => Some(Self::Attribute),
            (Self::Graph, 5 | 11 | 12 | 13 | 15) | (Self::Attribute, 5 | 10 | 22 | 14) => {
                Some(Self::Leaf)
            }
            _ => None,
        }
    }
}

struct Scan<'a> {
    limits: &'a Limits,
    messages: usize,
}

/// Checks that bytes are a protobuf message within the limits.
///
/// Errors: [`ModelError::Malformed`].
pub fn check(bytes: &[u8], limits: &Limits) -> Result<(), ModelError> {
    let mut scan = Scan {
        limits,
        messages: 0,
    };
    scan.message(bytes, Message::Model, 0)
}

impl Scan<'_> {
    fn message(
        &mut self,
        mut bytes: &[u8],
        message: Message,
        depth: usize,
    ) -> Result<(), ModelError> {
        let malformed = |what: &str| ModelError::Malformed(what.to_owned());
        if depth > self.limits.depth {
            let most = self.limits.depth;
            return Err(ModelError::Malformed(format!(
                "messages are nested more than {most} deep"
            )));
        }
        self.messages += 1;
        if self.messages > self.limits.messages {
            let most = self.limits.messages;
            return Err(ModelError::Malformed(format!("more than {most} messages")));
        }
        while !bytes.is_empty() {
            let key = varint(&mut bytes).ok_or_else(|| malformed("a field without a number"))?;
            let len = match key & 7 {
                0 => {
                    varint(&mut bytes).ok_or_else(|| malformed("a number is cut short"))?;
                    continue;
                }
                1 => 8,
                2 => varint(&mut bytes).ok_or_else(|| malformed("a length is cut short"))?,
                5 => 4,
                _ => return Err(malformed("a field of unknown kind")),
            };
            let len = usize::try_from(len).ok();
            let field = len.and_then(|len| bytes.split_at_checked(len));
            let (field, rest) = field.ok_or_else(|| malformed("a field is cut short"))?;
            bytes = rest;
            if key & 7 == 2
                && let Some(inner) = message.inside(key >> 3)
            {
                if matches!(inner, Message::Leaf) {
                    self.messages += 1;
                } else {
                    self.message(field, inner, depth + 1)?;
                }
            }
        }
        Ok(())
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 127).checked_shl(shift)?;
        if first < 128 {
            return Some(value);
        }
    }
    None
}
