#!/usr/bin/env node
import '../dist/witness/main.js'
