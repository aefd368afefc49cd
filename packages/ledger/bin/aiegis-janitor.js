#!/usr/bin/env node
import '../dist/custody/main.js'
