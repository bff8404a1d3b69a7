package shm

import "unsafe"

// ValueBytes returns the memory of *v as bytes: len is the size of T. It is
// how a pointer-free value is copied into and out of a segment without
// reflection or allocation; the caller has checked that T holds no pointer
// (package codec does so once, when a type is registered).
func ValueBytes[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}
