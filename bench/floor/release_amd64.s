//go:build !purego && !race

#include "textflag.h"

// func publish(addr *atomic.Uint64, v uint64)
//
// Stores of one core become visible in program order on amd64, which is all that
// publishing needs.
TEXT ·publish(SB), NOSPLIT, $0-16
	MOVQ addr+0(FP), AX
	MOVQ v+8(FP), BX
	MOVQ BX, (AX)
	RET

// func pause()
TEXT ·pause(SB), NOSPLIT, $0-0
	PAUSE
	RET

// func ticks() int64
TEXT ·ticks(SB), NOSPLIT, $0-8
	RDTSC
	SHLQ $32, DX
	ORQ  DX, AX
	MOVQ AX, ret+0(FP)
	RET
