// Package runtimeapi runs a Lambda function's bootstrap the way Lambda does: as a process
// that asks a Runtime API for events, so that the shipped binary can be tested without
// AWS. An Edge in front of it turns HTTP into API Gateway and Function URL events.
//
// Like Lambda it hands each process one event at a time, tells it the deadline, kills it
// when that has passed, replaces a process that ended, refuses buffered answers over
// 6 MB, and lets a function run on when its client has left.
//
// It starts processes as they are needed, limits their number and freezes them between
// events, if told to. Unlike Lambda it limits neither memory nor bandwidth, and ends no
// process for being idle or old.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package runtimeapi
