//! What scikit-learn's exports are made of besides trees.

pub mod binarizer;
pub mod classes;
pub mod encoder;
pub mod extractor;
pub mod imputer;
pub mod linear;
pub mod one_hot;
mod rows;
pub mod scaler;
pub mod svm;
pub mod zip_map;

pub use rows::same_shape;
