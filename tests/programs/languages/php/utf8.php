<?php
//= stdin = "naïve 日本 🐝\n"
//= stdout = "wörld 🐝 naïve 日本 🐝\n"
echo "wörld 🐝 ", fgets(STDIN);
