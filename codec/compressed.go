package codec

// Compressed reports whether payloads of this type may be compressed.
func (t *Type) Compressed() bool { return t.zstd > 0 }
