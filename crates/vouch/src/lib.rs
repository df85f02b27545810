//! vouch
