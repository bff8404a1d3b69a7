//go:build !amd64

package ring

// storesOrdered reports whether no process on this machine, however it was
// built, can have a load answered before the release store that precedes it is
// visible. On arm64 STLR followed by LDAR is ordered (see release_arm64.s), and
// where there is no assembly storeRelease is Go's atomic store.
const storesOrdered = true
