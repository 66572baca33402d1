#pragma once

#define SEKISHO_VERSION "0.1.0"
