// Package platform has the Pulumi components that a stack is made of. Each has flat Args
// named after what AWS calls them, and checks them before it makes anything: plain Go
// types for what configuration decides, inputs for what comes from other resources.
// Children are named from their component. No component asks AWS anything, so that all
// of them run offline (package offline).
package platform
