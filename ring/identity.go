package ring

// Goroutine returns a number that tells the calling goroutine from all others
// alive, and nothing else: two calls return the same number if and only if one
// goroutine made them. Package worker needs it to know whether a call is made
// by the goroutine that receives, which must then take its reply itself.
func Goroutine() uintptr { return goroutine() }
