//go:build !purego && !race

package ring

const orderedStoresArch = false
