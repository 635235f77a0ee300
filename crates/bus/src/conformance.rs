//! What every transport must hold, as a suite to run against it.
