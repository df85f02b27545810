//! From bytes to tract's typed graph.

use super::guard::guard;
use super::limits::{self, Limits};
use super::proto;
use crate::error::{ModelError, Unsupported};
use crate::expand::{self, SymbolicSize};
use crate::quantised;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use tract_onnx::pb::{GraphProto, ModelProto};
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

fn load_checked(
    bytes: &[u8],
    folder: Option<&Path>,
    limits: &Limits,
) -> Result<Loaded, ModelError> {
    let mut reader = tract_onnx::onnx()
        .with_ignore_output_shapes(true)
        .with_ignore_value_info(true);
    expand::register(&mut reader);
    quantised::register(&mut reader);
    let mut source = bytes;
    let mut model = reader
        .proto_model_for_read(&mut source)
        .map_err(|error| ModelError::Malformed(error.to_string()))?;
    proto::check(&model, limits)?;
    super::whole::check(&model)?;
    let folder = folder.and_then(Path::to_str);
    check_named(&model, limits)?;
    super::restate::restate(&mut model)?;
    quantised::rewrite(&mut model, folder).map_err(ModelError::Unsupported)?;
    let mut notes = expand::notes(&model);
    let sizes = |other| Sizes {
        named: &limits.sizes,
        other,
    };
    let symbolic = typed(&reader, &model, folder, &sizes(None)).and_then(|found| {
        check_sizes(&found.0)?;
        Ok(found)
    });
    let (graph, symbols) = match symbolic {
        Ok(found) => found,
        // A number of steps is for a person to choose.
        Err(error)
            if error
                .chain()
                .any(<dyn std::error::Error>::is::<SymbolicSize>) =>
        {
            let reason = error.root_cause();
            return Err(ModelError::Graph(reason.to_string()));
        }
        Err(error) => {
            let unknown = unknown(&reader, &model);
            if !unknown.is_empty() {
                return Err(ModelError::Unsupported(unknown));
            }
            let found = typed(&reader, &model, folder, &sizes(Some(1)));
            let found = found.map_err(|_| refusal(&error))?;
            notes.push(format!(
                "symbolic sizes are fixed to 1, because the graph cannot be typed with symbols: {error:#}"
            ));
            found
        }
    };
    Ok(Loaded {
        graph,
        symbols,
        single: { proto::single(&model).into_iter() }
            .chain(expand::names(&model))
            .collect(),
        notes,
    })
}

/// Why a graph cannot be typed: a node of ours that is refused, or whatever tract says.
fn refusal(error: &TractError) -> ModelError {
    let mut causes = error.chain();
    let refused = causes.find_map(|cause| cause.downcast_ref::<Unsupported>());
    match refused {
        Some(refused) => ModelError::Unsupported(vec![refused.clone()]),
        None => ModelError::Graph(format!("{error:#}")),
    }
}

/// The nodes whose operators nobody reads, in the bodies of loops and branches too.
fn unknown(reader: &tract_onnx::Onnx, model: &ModelProto) -> Vec<Unsupported> {
    let mut found = Vec::new();
    // Each graph before those inside it.
    let mut open: Vec<&GraphProto> = model.graph.iter().collect();
    while let Some(graph) = open.pop() {
        for node in &graph.node {
            let inner = node.attribute.iter();
            open.extend(inner.flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs)));
            if !reader.op_register.0.contains_key(&node.op_type) {
                found.push(Unsupported {
                    node: proto::name(node).to_owned(),
                    operator: node.op_type.clone(),
                    reason: "there is no reader for the operator; write it out in other operators of the standard"
                        .into(),
                });
            }
        }
    }
    found
}

/// That there is every size that a number is given for.
fn check_named(model: &ModelProto, limits: &Limits) -> Result<(), ModelError> {
    let known = proto::sizes(model);
    // A name may stand in an expression; sizes without one have names of ours.
    let is_known = |name: &str| {
        let is_other = |letter: char| !letter.is_alphanumeric() && letter != '_';
        name.starts_with("size_")
            || known
                .iter()
                .any(|size| size == name || size.split(is_other).any(|part| part == name))
    };
    let unknown = limits.sizes.keys().find(|name| !is_known(name));
    unknown.map_or(Ok(()), |name| {
        Err(ModelError::Graph(format!(
            "no input has the symbolic size {name:?}; there are {known:?}"
        )))
    })
}

/// That symbolic sizes that are used as data are used for positions.
fn check_sizes(graph: &TypedModel) -> TractResult<()> {
    use tract_onnx::tract_core::ops;
    let symbolic = |constant: &ops::konst::Const| {
        let tensor = constant.val();
        tensor.datum_type() == TDim::datum_type() && tensor.cast_to::<i64>().is_err()
    };
    let is_known = |op: &dyn TypedOp| {
        op.is::<ops::array::Range>()
            || op.is::<ops::array::MultiBroadcastTo>()
            || op.is::<ops::array::TypedConcat>()
            || op.is::<ops::binary::TypedBinOp>()
            || op.is::<ops::cast::Cast>()
            || op.is::<ops::change_axes::AxisOp>()
            || op.is::<ops::logic::Iff>()
    };
    for node in graph.nodes() {
        if !node.op_as::<ops::konst::Const>().is_some_and(symbolic) {
            continue;
        }
        for user in node.outputs.iter().flat_map(|output| &output.successors) {
            let user = graph.node(user.node);
            if !is_known(user.op.as_ref()) {
                return Err(TractError::msg(format!(
                    "{:?} ({}) computes with the symbolic size {:?}",
                    user.name,
                    user.op.name(),
                    node.name
                )));
            }
        }
    }
    Ok(())
}

/// tract's simplification, without the pass that cuts masks into regions: where a mask compares positions along two
/// axes, as a causal one does, it takes the position along one for the end of a region along the other.
fn simplify(graph: &mut TypedModel) -> TractResult<()> {
    let mut passes = tract_onnx::tract_core::optim::Optimizer::declutter();
    passes
        .passes
        .retain(|pass| !format!("{pass:?}").starts_with("FoldUniformMask"));
    passes.optimize(graph)
}

/// Numbers for symbols.
struct Sizes<'a> {
    named: &'a BTreeMap<String, usize>,
    /// For all others.
    other: Option<usize>,
}

impl Sizes<'_> {
    /// The number for a symbol.
    fn of(&self, symbol: &Symbol) -> Option<TDim> {
        let named = self.named.get(&symbol.to_string()).copied();
        named.or(self.other).map(|size| size.to_dim())
    }
}

/// The typed graph, with symbols replaced by the numbers that there are for them.
fn typed(
    reader: &tract_onnx::Onnx,
    model: &ModelProto,
    folder: Option<&str>,
    fixed: &Sizes<'_>,
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
                let dim = fixed.of(&symbol).unwrap_or_else(|| symbol.to_dim());
                fact.shape.set_dim(axis, dim);
                continue;
            };
            let all: HashMap<Symbol, TDim> = { dim.symbols().into_iter() }
                .filter_map(|symbol| Some((symbol.clone(), fixed.of(&symbol)?)))
                .collect();
            if !all.is_empty() {
                fact.shape.set_dim(axis, dim.substitute_all(&all)?);
            }
        }
        graph.set_input_fact(at, fact)?;
    }
    for at in 0..graph.output_outlets()?.len() {
        graph.set_output_fact(at, InferenceFact::default())?;
    }
    let mut typed = graph.into_typed()?;
    super::whole::write_out(&mut typed)?;
    simplify(&mut typed)?;
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
