//go:build !purego && !race

package ring

// STLR followed by LDAR is ordered (Arm ARM B2.3, "RCsc"), and LDAR is what Go's
// atomic loads compile to.
const orderedStoresArch = true
