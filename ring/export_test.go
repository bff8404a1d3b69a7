package ring

// For the examples, which are outside the package: the variable that makes the
// test binary another process, and what that may be.
const ChildVariable = childVariable

var Children = children
