//! Relations between integer tensors.
