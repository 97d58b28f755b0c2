#!/bin/sh
# Helm's post-renderer for Istio's base chart: without this annotation the CRDs go when the release does.
exec sed '/^ *"\{0,1\}helm\.sh\/resource-policy"\{0,1\}: *keep *$/d'
