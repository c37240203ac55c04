//! Stores that fail on purpose.

mod defective;
mod faulty;

pub use defective::{Defect, DefectiveStore};
pub use faulty::{Fault, FaultyStore};
