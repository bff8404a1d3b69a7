//go:build !(amd64 || arm64) || purego || race

package ring

const assembly = false
