//go:build !purego && !race

#include "textflag.h"

// func storeRelease(addr *atomic.Uint64, v uint64)
//
// A plain MOV: stores of one core become visible in program order and no store
// passes an earlier load (Intel SDM 8.2.2, AMD APM 7.2), which is release
// order. A later load may pass it.
TEXT ·storeRelease(SB), NOSPLIT, $0-16
	MOVQ addr+0(FP), AX
	MOVQ v+8(FP), BX
	MOVQ BX, (AX)
	RET

// func pause(n uint32)
TEXT ·pause(SB), NOSPLIT, $0-4
	MOVL n+0(FP), AX
loop:
	PAUSE
	SUBL $1, AX
	JHI  loop
	RET

// func goroutine() uintptr
TEXT ·goroutine(SB), NOSPLIT, $0-8
	MOVQ (TLS), AX
	MOVQ AX, ret+0(FP)
	RET
