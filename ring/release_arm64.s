//go:build !purego && !race

#include "textflag.h"

// func storeRelease(addr *atomic.Uint64, v uint64)
//
// The argument why this is all that is needed on arm64:
//
//  - Records before tail. STLR is ordered after every load and store that
//    precedes it in program order (Arm ARM B2.3.7, store-release), so the
//    payload and the header, stored plainly by Go code before the call, are
//    visible to whoever sees the new tail. The reader's tail.Load is LDAR,
//    which is ordered before everything that follows it, so its plain reads of
//    header and payload come after. In terms of the Go memory model the pair is
//    an atomic store observed by an atomic load: the store is synchronized
//    before the load, and what is sequenced before the one happens before what
//    is sequenced after the other. The compiler does not move memory accesses
//    across a call to an assembly function.
//
//  - Reads before done. STLR is also ordered after earlier loads: when a sender
//    sees done, the receiver's reads of that payload are over, and the sender
//    may overwrite it.
//
//  - Store tail, then load watch. Release-acquire alone would allow the load to
//    be answered first. STLR and LDAR are stronger: an LDAR is not observed
//    before an earlier STLR of the same core (they are RCsc; only LDAPR, which
//    Go does not emit, is weaker). Go's atomic Load is LDAR, so this pair and
//    the receiver's "store watch, load tail", made of Go's atomic Store (STLR)
//    and Load, cannot both miss each other. No barrier and no membarrier is
//    needed, and storesOrdered is true.
//
// Go's own atomic.Uint64.Store is the same instruction on arm64; this function
// exists so that the code above it reads alike everywhere.
TEXT ·storeRelease(SB), NOSPLIT, $0-16
	MOVD addr+0(FP), R0
	MOVD v+8(FP), R1
	STLR R1, (R0)
	RET

// func pause(n uint32)
TEXT ·pause(SB), NOSPLIT, $0-4
	MOVWU n+0(FP), R0
	CBZW  R0, done
loop:
	YIELD
	SUBW  $1, R0
	CBNZW R0, loop
done:
	RET

// func goroutine() uintptr
TEXT ·goroutine(SB), NOSPLIT, $0-8
	MOVD g, ret+0(FP)
	RET
