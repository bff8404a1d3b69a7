package ring

// storesOrdered reports whether no process on this machine, however it was
// built, can have a load answered before the release store that precedes it is
// visible. On amd64 storeRelease is a plain MOV in most builds, so a receiver
// must reckon with it, even one whose own build (race, purego) exchanges.
const storesOrdered = false
