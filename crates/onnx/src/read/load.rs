//! From bytes to tract's typed graph.

use super::limits::{self, Limits};
use super::proto;
use crate::error::ModelError;
use crate::quantised;
use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;

/// A typed graph, and what is said about it.
pub struct Loaded {
    /// The graph; sizes may hold symbols.
    pub graph: TypedModel,
    /// The symbols of the inputs' shapes.
    pub symbols: Vec<Symbol>,
    /// Initialisers of one element that have axes.
    pub single: BTreeSet<String>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Reads a model; `folder` is where its external data are.
///
/// Errors: [`ModelError`]; a panic of the reader is one too.
pub fn load(bytes: &[u8], folder: Option<&Path>, limits: &Limits) -> Result<Loaded, ModelError> {
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if found > limits.bytes {
        let limit = limits.bytes;
        return Err(ModelError::Size { limit, found });
    }
    limits::check(bytes, limits)?;
    guard(|| load_checked(bytes, folder, limits))
        .unwrap_or_else(|reason| Err(ModelError::Graph(reason)))
}

/// Runs foreign code that may panic.
///
/// Errors: the message of the panic.
pub fn guard<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    // What the code leaves behind after a panic is dropped, so no broken invariant is seen.
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        format!("the reader panicked: {}", text.unwrap_or("no message"))
    })
}

fn load_checked(
    bytes: &[u8],
    folder: Option<&Path>,
    limits: &Limits,
) -> Result<Loaded, ModelError> {
    let mut reader = tract_onnx::onnx()
        .with_ignore_output_shapes(true)
        .with_ignore_value_info(true);
    quantised::register(&mut reader);
    let mut source = bytes;
    let mut model = reader
        .proto_model_for_read(&mut source)
        .map_err(|error| ModelError::Malformed(error.to_string()))?;
    proto::check(&model, limits)?;
    let folder = folder.and_then(Path::to_str);
    quantised::rewrite(&mut model, folder).map_err(ModelError::Quantised)?;
    let mut notes = Vec::new();
    let symbolic = typed(&reader, &model, folder, None).and_then(|found| {
        without_sizes(&found.0)?;
        Ok(found)
    });
    let (graph, symbols) = match symbolic {
        Ok(found) => found,
        Err(error) => {
            let found = typed(&reader, &model, folder, Some(1));
            let found = found.map_err(|_| ModelError::Graph(format!("{error:#}")))?;
            notes.push(format!(
                "symbolic sizes are fixed to 1, because the graph cannot be typed with symbols: {error:#}"
            ));
            found
        }
    };
    Ok(Loaded {
        graph,
        symbols,
        single: proto::single(&model),
        notes,
    })
}

/// That no symbolic size is used as data.
fn without_sizes(graph: &TypedModel) -> TractResult<()> {
    use tract_onnx::tract_core::ops::konst::Const;
    for node in graph.nodes() {
        let symbolic = |constant: &Const| {
            let tensor = constant.val();
            tensor.datum_type() == TDim::datum_type() && tensor.cast_to::<i64>().is_err()
        };
        let is_used = node
            .outputs
            .iter()
            .any(|output| !output.successors.is_empty());
        if is_used && node.op_as::<Const>().is_some_and(symbolic) {
            return Err(TractError::msg(format!(
                "{:?} computes with a symbolic size",
                node.name
            )));
        }
    }
    Ok(())
}

/// The typed graph, with every symbol replaced if `fixed` says by what.
fn typed(
    reader: &tract_onnx::Onnx,
    model: &ModelProto,
    folder: Option<&str>,
    fixed: Option<i64>,
) -> TractResult<(TypedModel, Vec<Symbol>)> {
    let parsed = reader.parse(model, folder)?;
    if !parsed.unresolved_inputs.is_empty() {
        return Err(TractError::msg(format!(
            "nothing computes {:?}",
            parsed.unresolved_inputs
        )));
    }
    let mut graph = parsed.model;
    for (at, outlet) in graph.input_outlets()?.to_vec().into_iter().enumerate() {
        let mut fact = graph.outlet_fact(outlet)?.clone();
        let Some(rank) = fact.shape.rank().concretize() else {
            let name = &graph.node(outlet.node).name;
            return Err(TractError::msg(format!("input {name:?} has no shape")));
        };
        for axis in 0..usize::try_from(rank)? {
            let Some(dim) = fact.shape.dim(axis).and_then(|dim| dim.concretize()) else {
                // An axis without a name or a size gets a symbol of its own.
                let symbol = graph.symbols.new_with_prefix(&format!("size_{at}_{axis}"));
                let dim = fixed.map_or_else(|| symbol.to_dim(), |size| size.to_dim());
                fact.shape.set_dim(axis, dim);
                continue;
            };
            if let Some(size) = fixed {
                let all: HashMap<Symbol, TDim> = { dim.symbols().into_iter() }
                    .map(|symbol| (symbol, size.to_dim()))
                    .collect();
                fact.shape.set_dim(axis, dim.substitute_all(&all)?);
            }
        }
        graph.set_input_fact(at, fact)?;
    }
    for at in 0..graph.output_outlets()?.len() {
        graph.set_output_fact(at, InferenceFact::default())?;
    }
    let typed = graph.into_typed()?.into_decluttered()?;
    let mut symbols = Vec::new();
    for outlet in typed.input_outlets()? {
        for dim in typed.outlet_fact(*outlet)?.shape.iter() {
            let mut found: Vec<Symbol> = dim.symbols().into_iter().collect();
            found.sort_by_key(ToString::to_string);
            for symbol in found {
                if !symbols.contains(&symbol) {
                    symbols.push(symbol);
                }
            }
        }
    }
    Ok((typed, symbols))
}
